"""What happens, as it happens: /events."""

from __future__ import annotations

from fastapi import FastAPI

from reconciler.board import Board


def add_events(app: FastAPI, board: Board) -> None:
    """Add the pages."""
    del app, board
