"""What is wanted and how it stands: /services, /services/{name}, its endpoint."""

from __future__ import annotations

from fastapi import FastAPI

from reconciler.board import Board
from reconciler.proposals import ServerService


def add_listing(app: FastAPI, board: Board, service: ServerService | None) -> None:
    """Add the pages."""
    del app, board, service
