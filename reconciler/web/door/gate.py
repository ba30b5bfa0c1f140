"""The gate in front of all pages: who asks, how often, how much."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

from fastapi import FastAPI
from starlette.routing import Match
from starlette.types import ASGIApp, Receive, Scope, Send

from reconciler.board import Board
from reconciler.models.proposal import Caller, Role
from reconciler.models.units import quantity_bytes
from reconciler.settings import HttpSettings
from reconciler.shapes import problem
from reconciler.web.door.audit import Audit
from reconciler.web.door.body import check_headers, check_json, read_body
from reconciler.web.door.oidc import Oidc
from reconciler.web.door.quota import Quota
from reconciler.web.door.refusal import GoneError, RefusalError, refuse
from reconciler.web.door.target import check_origin, straighten
from reconciler.web.door.visit import Visit
from reconciler.web.door.watchers import Watchers
from reconciler.web.door.who import SCRAPED, Who, nobody

#: Shown to everybody, whatever the settings say: the machinery around the daemon asks for them.
OPEN = ("/healthz", "/readyz")
WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
#: Browsers take no answer for something else than it says it is.
_ALWAYS = {"X-Content-Type-Options": "nosniff"}
#: Reasons of refusals that are about who asks; they count as failures of an address.
_FAILURES = frozenset({"bad-token", "expired"})


def add_gate(app: FastAPI, board: Board, http: HttpSettings, clock: Callable[[], datetime]) -> None:
    """Let in only those who may, and put the caller into `request.state.caller`."""
    watchers = app.state.watchers = Watchers(http.limits.watchers)
    who = Who(http, clock, Oidc(http.oidc) if http.oidc else None)
    app.add_middleware(Gate, pages=app, board=board, http=http, who=who, watchers=watchers)


class Gate:
    """ASGI middleware; everything here runs in the server's loop."""

    def __init__(
        self, app: ASGIApp, pages: FastAPI, board: Board, http: HttpSettings, who: Who, watchers: Watchers
    ) -> None:
        self._app = app
        self._pages = pages
        self._board = board
        self._limits = http.limits
        self._body = quantity_bytes(http.limits.body)
        self._who = who
        self._watchers = watchers
        self._quota = Quota(http.limits, time.monotonic)
        self._audit = Audit(time.monotonic)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or what else the server says."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope.setdefault("state", {})
        visit = Visit(scope, receive, send)
        visit.add(_ALWAYS)
        try:
            await self._pass(visit)
        finally:
            self._watchers.leave(scope)
            if visit.status:
                self._board.count_request(visit.route, scope["method"], visit.status, visit.seconds)

    async def _pass(self, visit: Visit) -> None:
        try:
            await self._let_in(visit)
        except GoneError:
            return
        except RefusalError as error:
            self._deny(visit, error)
            await refuse(error, visit.scope, visit.receive, visit.send, pending=visit.pending)
        else:
            await self._app(visit.scope, visit.read, visit.send)

    async def _let_in(self, visit: Visit) -> None:
        """Raises RefusalError or GoneError. The body is read last, by when it is known who sends it."""
        straighten(visit.scope)
        if visit.scope["path"] not in OPEN:
            await self._know(visit)
        shown, limits = self._limits.body, self._limits
        check_headers(visit.scope["method"], visit.headers, self._body, shown)
        if visit.pending:
            body = await read_body(visit.receive, self._body, shown, limits.header.total_seconds())
            visit.give(body)
            if body:
                check_json(body)

    async def _know(self, visit: Visit) -> None:
        caller = visit.scope["state"]["caller"] = await self._caller(visit)
        writes = visit.scope["method"] in WRITES
        scrape = visit.scope["path"] in SCRAPED
        visit.add(self._quota.take(caller, visit.peer, writes=writes, scrape=scrape))
        if writes:
            check_origin(visit.headers)
            self._check_write(visit.scope, caller)

    async def _caller(self, visit: Visit) -> Caller:
        try:
            return await self._who.asks(visit.scope, visit.headers)
        except RefusalError as error:
            if error.reason in _FAILURES:
                self._quota.fail(visit.peer)
            raise

    def _check_write(self, scope: Scope, caller: Caller) -> None:
        """A reader may not write. Where there is nothing to write to, the router says so better (404, 405)."""
        if caller.role is not Role.READ or not self._takes(scope):
            return
        if caller.through not in {"token", "oidc"}:
            raise nobody("nobody may write without a token")
        words = f"{caller.name} ({caller.through}) may read and not write; it needs the role `propose`"
        raise RefusalError(problem.FORBIDDEN, "read-only", words)

    def _takes(self, scope: Scope) -> bool:
        return any(route.matches(scope)[0] is Match.FULL for route in self._pages.routes)

    def _deny(self, visit: Visit, error: RefusalError) -> None:
        caller: Caller | None = visit.scope["state"].get("caller")
        self._board.count_denial(error.reason)
        self._audit.denied(caller, visit.peer, visit.line, error.reason, error.detail)
