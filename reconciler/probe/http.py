"""One HTTP/1.1 request and as much of its answer as is asked for; h11 knows the protocol, the caps are ours."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import h11

from reconciler import __version__
from reconciler.probe.failures import NoAnswerError
from reconciler.probe.wire import CHUNK, Call, opened

#: Bytes of a body that are read.
BODY = 64 * 1024
#: Bytes of status line and headers.
_HEAD = 16 * 1024
#: What every answer begins with: h11 would wait for the end of the line.
_BEGINNING = b"HTTP/1."
#: Reads and pieces of one answer: one that comes byte by byte is not followed to its end.
_STEPS = 2048
#: Encodings are not asked for, and never undone: what is small on the wire stays small.
_AGENT = f"reconciler-probe/{__version__}"


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent. `body` is b"" for none."""

    method: str
    path: str
    scheme: str = "http"
    body: bytes = b""
    content_type: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came: `headers` with small names, `body` as sent, up to `BODY` bytes."""

    status: int
    headers: Sequence[tuple[bytes, bytes]]
    body: bytes


async def exchange(call: Call, request: Request) -> Answer:
    """Ask once, on a connection of its own. Raises NoAnswerError, ShortageError."""
    async with opened(call, tls=request.scheme == "https") as (reader, writer):
        asked = f"{request.method} {request.path}"
        call.doing = f"{asked} from"
        connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=_HEAD)
        writer.write(_words(connection, call.endpoint, request))
        try:
            answer = await _read(connection, reader)
        except h11.RemoteProtocolError as error:
            raise NoAnswerError(f"{asked}: {_why(error)}") from None
    if answer is None:
        raise NoAnswerError(f"{asked}: no answer came, only words before one")
    return answer


def _words(connection: h11.Connection, host: str, request: Request) -> bytes:
    headers = [("Host", host), ("User-Agent", _AGENT), ("Accept-Encoding", "identity"), ("Connection", "close")]
    if request.body:
        headers += [("Content-Type", request.content_type), ("Content-Length", str(len(request.body)))]
    words = connection.send(h11.Request(method=request.method, target=request.path, headers=headers)) or b""
    if request.body:
        words += connection.send(h11.Data(request.body)) or b""
    return words + (connection.send(h11.EndOfMessage()) or b"")


async def _read(connection: h11.Connection, reader: asyncio.StreamReader) -> Answer | None:
    """Until the end of the answer, or as much as is ever read of one; None when it did not begin until then."""
    began = False
    head: h11.Response | None = None
    body = bytearray()
    for _ in range(_STEPS):
        event = connection.next_event()
        if event is h11.NEED_DATA:
            data = await reader.read(CHUNK)
            if not began and not _BEGINNING.startswith(data[: len(_BEGINNING)]):
                raise h11.RemoteProtocolError("another protocol")
            began = True
            connection.receive_data(data)
        elif isinstance(event, h11.Response):
            head = event
        elif isinstance(event, h11.Data):
            body += event.data
        if head is not None and (len(body) >= BODY or isinstance(event, h11.EndOfMessage)):
            break
    return None if head is None else Answer(head.status_code, tuple(head.headers), bytes(body[:BODY]))


def _why(error: h11.RemoteProtocolError) -> str:
    """h11 may quote what was sent; these words do not."""
    text = str(error)
    if "Receive buffer too long" in text:
        return f"its headers are longer than {_HEAD} bytes"
    if "closed connection" in text or "ConnectionClosed" in text:
        return "the connection was closed before the end of the answer"
    return "what it answers is not HTTP"
