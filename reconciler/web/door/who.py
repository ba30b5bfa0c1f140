"""Who asks: by the socket, by a token, or nobody in particular."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from starlette.datastructures import Headers
from starlette.types import Scope

from reconciler.models.proposal import Caller, Role
from reconciler.settings import HttpSettings
from reconciler.shapes import problem
from reconciler.web.door.near import host_of, is_loopback, why_not
from reconciler.web.door.refusal import RefusalError
from reconciler.web.door.tokens import Tokens, wrong

#: In a request's state when it came over the unix socket: the name of the user at the other end. The server puts it
#: there, never a request; that a connection has no address proves nothing (one that was reset has none either).
PEER = "peer"
ANONYMOUS = "anonymous"
#: Pages that Prometheus reads, with a setting of their own.
SCRAPED = ("/metrics", "/sd")
_TOKEN = re.compile(r"[A-Za-z0-9\-._~+/]{1,12000}=*")


class Issuer(Protocol):
    """Who made tokens that the settings do not have: an OpenID provider."""

    async def caller(self, token: str) -> Caller:
        """Whose it is. Raises RefusalError."""
        ...


class Who:
    """Finds out who asks. `issuer` is None where there is no provider."""

    def __init__(self, http: HttpSettings, clock: Callable[[], datetime], issuer: Issuer | None) -> None:
        self._anonymous = http.anonymous
        self._tokens = Tokens(http.tokens)
        self._clock = clock
        self._issuer = issuer
        self._listen = host_of(http.listen)

    async def asks(self, scope: Scope, headers: Headers) -> Caller:
        """The caller. Raises RefusalError: 401 for a bad token, also where none is needed, 503 for a provider away."""
        if given := headers.getlist("authorization"):
            return await self._bearer(given)
        if name := scope["state"].get(PEER):
            return Caller(name, "socket", Role.ADMIN)
        peer = peer_of(scope)
        whose = self._anonymous.metrics if scope["path"] in SCRAPED else self._anonymous.read
        own = (self._listen, str((scope.get("server") or ("",))[0]).lower())
        if why := why_not(whose, peer, headers, own):
            raise nobody(why)
        return Caller(ANONYMOUS, "loopback" if is_loopback(peer) else ANONYMOUS, Role.READ)

    async def _bearer(self, given: list[str]) -> Caller:
        scheme, _, token = given[0].strip().partition(" ")
        if len(given) > 1 or scheme.lower() != "bearer" or not _TOKEN.fullmatch(token := token.strip()):
            raise wrong("bad-token", "there is one header `Authorization: Bearer <token>`, and no other kind")
        if caller := self._tokens.caller(token, self._clock()):
            return caller
        if self._issuer is not None and token.count(".") == 2:
            return await self._issuer.caller(token)
        raise wrong("bad-token", "the token is not known")


def peer_of(scope: Scope) -> str:
    """The address at the other end; "" when it is not known any more."""
    client = scope.get("client")
    return str(client[0]) if client else ""


def nobody(why: str) -> RefusalError:
    """A token is needed, and there is none."""
    header = {"WWW-Authenticate": 'Bearer realm="reconciler"'}
    return RefusalError(problem.UNAUTHORIZED, "no-token", f"{why}; send `Authorization: Bearer …`", header)
