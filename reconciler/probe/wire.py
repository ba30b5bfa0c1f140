"""A connection to one endpoint, and what is being done on it, for whoever has to say where the time went."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache

from reconciler.probe.failures import NoAnswerError, ShortageError, translate
from reconciler.probe.names import Names
from reconciler.probe.places import Address, split, why_never

#: Bytes that are taken from a connection at once; a server that sends more is not read ahead of.
CHUNK = 16 * 1024
#: So many addresses of one name are tried.
_ADDRESSES = 4


@dataclass(slots=True)
class Call:
    """One probe under way: its endpoint, what it is `doing`, and when it ends at the latest (the loop's clock)."""

    names: Names
    endpoint: str
    until: float
    doing: str = ""

    def left(self) -> float:
        """Seconds until the end."""
        return self.until - asyncio.get_running_loop().time()


@cache
def _context() -> ssl.SSLContext:
    """Certificates are not checked: services sign their own, and whether it answers is all that is asked."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@asynccontextmanager
async def opened(call: Call, *, tls: bool = False) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Connect; cut without ceremony at the end, however it comes. Raises NoAnswerError, ShortageError."""
    reader, writer = await _connect(call, tls=tls)
    try:
        yield reader, writer
    except OSError as error:
        raise translate(f"{call.doing} {call.endpoint}", error) from None
    finally:
        writer.transport.abort()


async def _connect(call: Call, *, tls: bool) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, port = split(call.endpoint)
    call.doing = f"looking up the name {host} of"
    addresses = _allowed(host, await call.names.find(host))
    call.doing = "connecting to"
    failure: NoAnswerError | ShortageError | None = None
    for number, address in enumerate(addresses):
        try:
            # The last one has all the time that is left, earlier ones only their share of it.
            async with asyncio.timeout(
                call.left() / (len(addresses) - number) if number + 1 < len(addresses) else None
            ):
                return await asyncio.open_connection(
                    str(address),
                    port,
                    limit=CHUNK,
                    ssl=_context() if tls else None,
                    server_hostname=host if tls else None,
                )
        except OSError as error:  # time-outs too
            failure = translate(f"connecting to {call.endpoint}", error)
    raise failure or NoAnswerError(f"connecting to {call.endpoint}: no address")


def _allowed(host: str, found: Sequence[Address]) -> Sequence[Address]:
    allowed = [address for address in found if not why_never(address)]
    if not allowed:
        raise NoAnswerError(f"{host} is never contacted: {found[0]} is {why_never(found[0])}")
    return allowed[:_ADDRESSES]
