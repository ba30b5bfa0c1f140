"""The API's typed client: `ServerService` of another machine."""

from reconciler.client.client import Client
from reconciler.client.errors import ApiError, NoAnswerError

__all__ = ["ApiError", "Client", "NoAnswerError"]
