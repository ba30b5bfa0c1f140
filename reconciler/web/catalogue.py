"""What can be run: /recipes."""

from __future__ import annotations

from fastapi import FastAPI

from reconciler.proposals import ServerService


def add_catalogue(app: FastAPI, service: ServerService | None) -> None:
    """Add the pages."""
    del app, service
