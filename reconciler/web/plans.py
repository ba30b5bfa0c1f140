"""What will be done, and where: /plan, /targets."""

from __future__ import annotations

from fastapi import FastAPI

from reconciler.board import Board


def add_plans(app: FastAPI, board: Board) -> None:
    """Add the pages."""
    del app, board
