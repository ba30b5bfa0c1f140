"""What a bearer token is made of, and what is kept of it."""

from __future__ import annotations

import secrets
from hashlib import sha256

#: What a token begins with, so that logs and scanners of repositories know one when they see it.
PREFIX = "rcl_"


def make_token() -> str:
    """A new token: 256 random bits. No word of a dictionary is near it, so a plain hash of it is safe to keep."""
    return PREFIX + secrets.token_hex(32)


def hash_of(token: str) -> str:
    """What the settings file has of it."""
    return sha256(token.encode()).hexdigest()
