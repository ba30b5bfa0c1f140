"""Asking the daemon that works with the same state folder."""

from __future__ import annotations

import urllib.error
import urllib.request
from pathlib import Path


def get(state: Path, path: str) -> tuple[int, bytes] | None:
    """The code and the body of a page (200, or 404 for what it does not know); None when no daemon answers it."""
    try:
        address = (state / "http").read_text("utf-8").strip()
        with urllib.request.urlopen(f"{address}{path}", timeout=5) as answer:  # noqa: S310 - our own address, http
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return (error.code, error.read()) if error.code == 404 else None
    except (OSError, ValueError):
        return None
