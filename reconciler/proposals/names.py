"""Names and values that a request leaves open; one with a key gets the same ones again, so that it is the same."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterator
from datetime import datetime

from reconciler.models.proposal import Asked, Caller, Proposal, Role
from reconciler.proposals.message import digest_of
from reconciler.proposals.rights import may_have

_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"  # none that is taken for another
_MOST = 50  # characters of a service's name
_LONGEST = 44
_COUNT = 5


def service_name(recipe: str, asked: Asked) -> str:
    """`<recipe>-<5 letters or digits>`; where the caller may not have it, that in place of the star of a pattern."""
    stem = re.sub(r"[^a-z0-9]+", "-", recipe.lower())[:_LONGEST].strip("-").lstrip("-0123456789") or "service"
    if asked.key:
        end = "".join(_LETTERS[byte % len(_LETTERS)] for byte in _bytes(asked)[:_COUNT])
    else:
        end = "".join(secrets.choice(_LETTERS) for _ in range(_COUNT))
    usual = f"{stem}-{end}"
    if asked.caller.role is not Role.PROPOSE:
        return usual
    return next((name for name in (usual, *_fitting(asked.caller, stem, end)) if may_have(asked.caller, name)), usual)


def _fitting(caller: Caller, stem: str, end: str) -> Iterator[str]:
    """Names that patterns of the caller allow: `bench-*` makes `bench-faiss-x7k2p`."""
    for pattern in (one for one in caller.services if "*" in one):
        room = _MOST - len(pattern.replace("*", "")) - _COUNT - 1
        made = f"{stem[:room].rstrip('-')}-{end}" if room > 0 else end
        yield pattern.replace("*", made, 1).replace("*", "").replace("?", end[0])[:_MOST].rstrip("-")


def restart_value(asked: Asked, now: datetime) -> str:
    """A value of `spec.restart` that was not there before."""
    return f"key-{_bytes(asked).hex()[:16]}" if asked.key else now.isoformat(timespec="microseconds")


def branch_name(prefix: str, proposal: Proposal) -> str:
    """`<prefix><service>-<8 hex>`, of who asks and with which key, or of chance; with a key also of what is asked."""
    asked = proposal.asked
    of_request = f"-{digest_of(proposal)[:8]}" if asked.key else ""
    return f"{prefix}{proposal.request.name}-{branch_end(asked)}{of_request}"


def branch_end(asked: Asked) -> str:
    """What the names of all branches of a caller and a key have in common."""
    return _bytes(asked).hex()[:8] if asked.key else secrets.token_hex(4)


def _bytes(asked: Asked) -> bytes:
    return hashlib.sha256(f"{asked.caller.name}\0{asked.key}".encode()).digest()
