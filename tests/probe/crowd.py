"""A quick server for very many probes, in a thread with a loop of its own, or as a process (`python -m`)."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class _Protocol(asyncio.Protocol):
    def __init__(self, crowd: Crowd) -> None:
        self.crowd = crowd

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.crowd.arrivals.append(time.monotonic())
        self.crowd.open.add(self.transport)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self.crowd.open.discard(self.transport)

    def data_received(self, data: bytes) -> None:
        del data
        if self.crowd.answers:
            self.transport.write(_ANSWER)
            self.transport.close()


@dataclass
class Crowd:
    """`arrivals` are the times of connections. It is silent while `answers` is False."""

    endpoint: str = ""
    answers: bool = True
    arrivals: list[float] = field(default_factory=list)
    open: set[asyncio.Transport] = field(default_factory=set)

    async def serve(self) -> asyncio.Server:
        server = await asyncio.get_running_loop().create_server(lambda: _Protocol(self), "127.0.0.1", 0, backlog=4096)
        self.endpoint = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        return server


@contextmanager
def crowd() -> Iterator[Crowd]:
    one, ready, loop = Crowd(), threading.Event(), asyncio.new_event_loop()
    over = asyncio.Event()

    async def run() -> None:
        server = await one.serve()
        ready.set()
        await over.wait()
        server.close()
        for transport in list(one.open):
            transport.abort()
        while one.open:
            await asyncio.sleep(0)

    thread = threading.Thread(target=lambda: loop.run_until_complete(run()), name="crowd", daemon=True)
    thread.start()
    assert ready.wait(30)
    try:
        yield one
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(30)
        loop.close()


async def _main() -> None:
    one = Crowd(answers="silent" not in sys.argv)
    server = await one.serve()
    sys.stdout.write(one.endpoint + "\n")  # for who started it
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_main())
