"""uvicorn's server, on sockets of ours: several kinds of them in one loop, and more while it runs."""

from __future__ import annotations

import asyncio
import socket
import threading
from functools import partial

import uvicorn
from fastapi import FastAPI

from reconciler.settings import RequestLimits
from reconciler.web.door.connection import MOST_HEADERS, Connection
from reconciler.web.door.tls import Tls
from reconciler.web.door.watchers import Watchers

#: Ticks of a tenth of a second between two looks at the certificate.
_RENEWAL = 20
#: Seconds that a connection stays open without a request, and those that answers have when the daemon stops.
_KEEP_ALIVE, _GRACE = 10, 2


class Engine(uvicorn.Server):
    """Serves `app` in the thread that calls `run`, which gives it one socket; `add` gives it more."""

    def __init__(self, app: FastAPI, limits: RequestLimits, tls: Tls | None) -> None:
        config = uvicorn.Config(
            app,
            http=Connection,
            ws="none",
            loop="asyncio",
            lifespan="off",
            interface="asgi3",
            log_config=None,  # its lines go where ours go
            log_level="warning",
            access_log=False,
            proxy_headers=False,  # who asks is told by the connection; see web/door/near.py
            server_header=False,
            timeout_keep_alive=_KEEP_ALIVE,
            timeout_graceful_shutdown=_GRACE,
            h11_max_incomplete_event_size=MOST_HEADERS,
        )
        super().__init__(config)
        self.serving = threading.Event()
        self._seconds = limits.header.total_seconds()
        self._tls = tls
        self._watchers: Watchers | None = getattr(app.state, "watchers", None)
        self._loop: asyncio.AbstractEventLoop | None = None
        self.servers = []

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """What uvicorn calls first."""
        await self.lifespan.startup()
        self._loop = asyncio.get_running_loop()
        for one in sockets or []:
            await self._listen(one, self._tls)
        self.started = True
        self.serving.set()

    def add(self, one: socket.socket) -> None:
        """Listen on one more, without TLS; for another thread."""
        if self._loop is None:
            raise RuntimeError("it does not run yet")
        asyncio.run_coroutine_threadsafe(self._listen(one, None), self._loop).result(10)

    async def on_tick(self, counter: int) -> bool:
        """What uvicorn calls ten times in a second."""
        if self._tls is not None and counter % _RENEWAL == 0:
            self._tls.renew()
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """What uvicorn calls last."""
        if self._watchers is not None:
            self._watchers.end()
        await super().shutdown(sockets)

    async def _listen(self, one: socket.socket, tls: Tls | None) -> None:
        make = partial(Connection, self.config, self.server_state, self._seconds)
        context, seconds = (tls.context, self._seconds) if tls else (None, None)
        loop, backlog = asyncio.get_running_loop(), self.config.backlog
        self.servers.append(
            await loop.create_server(make, sock=one, backlog=backlog, ssl=context, ssl_handshake_timeout=seconds)
        )
