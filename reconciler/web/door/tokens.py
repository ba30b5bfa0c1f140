"""Bearer tokens of the settings file, which has their hashes only."""

from __future__ import annotations

import hmac
from datetime import datetime

from reconciler.models.proposal import Caller
from reconciler.settings import TokenSettings
from reconciler.settings.http import Grant
from reconciler.settings.secret import hash_of
from reconciler.shapes import problem
from reconciler.web.door.refusal import RefusalError


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
