"""The daemon's pages: they read the board and propose to the source."""

from reconciler.web.app import make_app
from reconciler.web.server import PageServer

__all__ = ["PageServer", "make_app"]
