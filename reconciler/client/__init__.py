"""The API's typed client: `ServerService` of another machine."""
