"""The gate in front of all pages: who asks, how often, how much."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from fastapi import FastAPI

from reconciler.settings import HttpSettings


def add_gate(app: FastAPI, http: HttpSettings, clock: Callable[[], datetime]) -> None:
    """Let in only those who may, and put the caller into `request.state.caller`."""
    del app, http, clock
