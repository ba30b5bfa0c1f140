"""Many watchers of /events in one process of their own: `python -m tests.bench.watchers HOST PORT TOKEN COUNT`.

Each line that it reads is answered with one line of JSON: how many are connected, and how many events they got since
the last one. It ends with its input.
"""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import dataclass, field

_REQUEST = "GET /events HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\nAccept: text/event-stream\r\n\r\n"
_AT_ONCE = 50


@dataclass
class Crowd:
    """What all of them have seen. `wrong` are answers that were no stream."""

    connected: int = 0
    events: int = 0
    resets: int = 0
    lost: int = 0
    wrong: list[str] = field(default_factory=list)


async def watch(crowd: Crowd, host: str, port: int, token: str, door: asyncio.Semaphore) -> None:
    async with door:
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(_REQUEST.format(host=host, token=token).encode())
        head = await reader.readuntil(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        crowd.wrong.append(head.decode().partition("\r\n")[0])
        return
    crowd.connected += 1
    try:
        while line := await reader.readline():
            crowd.events += line.startswith(b"data:")
            crowd.resets += line.startswith(b"event: reset")
    finally:
        crowd.connected -= 1
        crowd.lost += 1
        writer.close()


async def main(host: str, port: int, token: str, count: int) -> None:
    crowd, door = Crowd(), asyncio.Semaphore(_AT_ONCE)
    tasks = [asyncio.create_task(watch(crowd, host, port, token, door)) for _ in range(count)]
    loop = asyncio.get_running_loop()
    while await loop.run_in_executor(None, sys.stdin.readline):
        sys.stdout.write(json.dumps(crowd.__dict__) + "\n")
        sys.stdout.flush()
        crowd.events = 0
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])))
