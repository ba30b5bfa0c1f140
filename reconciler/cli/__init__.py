"""The front door: one command, its verbs and their help.

Each verb imports what it needs when it is called, so that `reconciler --help` answers at once.
"""

from reconciler.cli.main import app, main

__all__ = ["app", "main"]
