"""Bearer tokens of the settings file, which has their hashes only."""

from __future__ import annotations

import hmac
import secrets
from datetime import datetime
from hashlib import sha256

from reconciler.models.proposal import Caller
from reconciler.settings import TokenSettings
from reconciler.settings.http import Grant
from reconciler.shapes import problem
from reconciler.web.door.refusal import RefusalError

#: What a token begins with, so that logs and scanners of repositories know one when they see it.
PREFIX = "rcl_"


def make_token() -> str:
    """A new token: 256 random bits. No word of a dictionary is near it, so a plain hash of it is safe to keep."""
    return PREFIX + secrets.token_hex(32)


def hash_of(token: str) -> str:
    """What the settings file has of it."""
    return sha256(token.encode()).hexdigest()


class Tokens:
    """All tokens that are known."""

    def __init__(self, known: tuple[TokenSettings, ...]) -> None:
        self._known = known

    def caller(self, token: str, now: datetime) -> Caller | None:
        """Whose it is; None when it is not known. Raises RefusalError (401) for one that ended to be valid.

        All hashes are compared, each in constant time, so that the answer's time tells nothing about them.
        """
        digest, found = hash_of(token), None
        for one in self._known:
            if hmac.compare_digest(one.sha256, digest):
                found = one
        if found is None:
            return None
        if found.expires is not None and now >= found.expires:
            raise wrong("expired", f"the token of {found.name} ended to be valid at {found.expires.isoformat()}")
        return caller_of(found.name, "token", found)


def caller_of(name: str, through: str, grant: Grant) -> Caller:
    """A caller with what is granted to it."""
    return Caller(name, through, grant.role, grant.services, grant.folders or ("",))


def wrong(reason: str, detail: str) -> RefusalError:
    """A token that is not good: RFC 6750 has a header for that."""
    said = detail.encode("ascii", "replace").decode().replace('"', "'").replace("\\", "/")
    header = f'Bearer realm="reconciler", error="invalid_token", error_description="{said[:200]}"'
    return RefusalError(problem.UNAUTHORIZED, reason, detail, {"WWW-Authenticate": header})
