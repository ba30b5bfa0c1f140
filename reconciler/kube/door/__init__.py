"""The way to the API server: requests, their failures, credentials, the lease."""
