"""What somebody asks for, checked as `validate` checks it, and made a commit: for the API and for the verbs."""

from reconciler.proposals.scribe import Scribe
from reconciler.proposals.server import ServerService

__all__ = ["Scribe", "ServerService"]
