"""Changes that are asked for: each becomes a commit."""

from __future__ import annotations

from fastapi import FastAPI

from reconciler.proposals import ServerService


def add_writes(app: FastAPI, service: ServerService | None) -> None:
    """Add the pages."""
    del app, service
