"""Places for connections and streams: they are bounded, come back, and have an end with the pages."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack

from fastapi import FastAPI, Request
from starlette.responses import StreamingResponse

from reconciler.board import Board
from reconciler.metrics import utc_now
from reconciler.settings import HttpSettings, RequestLimits
from reconciler.web import PageServer, make_app
from reconciler.web.door.watchers import watching
from tests.e2e.world import until
from tests.web.door.rooms import Room, is_closed, request, room


def test_connections_have_an_end_and_places_come_back() -> None:
    with room(HttpSettings(limits=RequestLimits(connections=20))) as one, ExitStack() as stack:
        guests = [stack.enter_context(one.connect()) for _ in range(30)]
        until("those above half of the places are closed", lambda: sum(map(is_closed, guests)) == 20)
        for guest in guests:
            guest.close()
        until("there are places again", lambda: answers(one))


def answers(one: Room) -> bool:
    try:
        return one.ask("GET", "/healthz").status == 200
    except (OSError, ValueError, IndexError):
        return False


def test_the_pages_end_in_time_with_streams_slow_ones_and_idle_ones_open() -> None:
    ended = threading.Event()
    server = PageServer("127.0.0.1:0")
    app = make_app(Board(), utc_now, ())
    add_stream(app)
    app.state.watchers.at_end(ended.set)
    server.start(app)
    one = Room(server, Board(), HttpSettings())
    with ExitStack() as stack:
        guests = [stack.enter_context(one.connect()) for _ in range(60)]
        for guest in guests[:20]:
            guest.sendall(request("GET", "/door-stream", one.host))
        for guest in guests[20:40]:
            guest.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n")
        until("streams are open", lambda: app.state.watchers.count == 20)
        begun = time.monotonic()
        server.close()
        assert time.monotonic() - begun < 3
        assert ended.is_set()
        assert app.state.watchers.count == 0
        assert server._thread is not None
        assert not server._thread.is_alive()
        until("all are closed", lambda: sum(map(is_closed, guests)) == len(guests))


def test_a_stream_gives_its_place_back_however_it_ends() -> None:
    http = HttpSettings(limits=RequestLimits(watchers=3))
    server = PageServer("127.0.0.1:0", http.limits)
    app = make_app(Board(), utc_now, (), http=http)
    add_stream(app)
    server.start(app)
    one = Room(server, Board(), http)
    try:
        with ExitStack() as stack:
            guests = [stack.enter_context(one.connect()) for _ in range(3)]
            for guest in guests:
                guest.sendall(request("GET", "/door-stream", one.host))
            until("all places are taken", lambda: app.state.watchers.count == 3)
            full = one.ask("GET", "/door-stream")
            assert (full.status, full.headers["retry-after"]) == (429, "5")
            assert full.headers["content-type"] == "application/problem+json"
        until("all places are free", lambda: app.state.watchers.count == 0)
        assert one.ask("GET", "/door-stream?short=true").body.count(b"data") == 1
        until("its place is free", lambda: app.state.watchers.count == 0)
    finally:
        server.close()


def add_stream(app: FastAPI) -> None:
    """A page like those of events, which end when their client goes away."""

    @app.get("/door-stream")
    def stream(request: Request, *, short: bool = False) -> StreamingResponse:
        watching(request)

        async def words() -> AsyncIterator[bytes]:
            yield b"data: x\n\n"
            while not short:
                await asyncio.sleep(0.05)
                yield b": \n\n"

        return StreamingResponse(words(), media_type="text/event-stream")
