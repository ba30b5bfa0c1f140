"""The gRPC health service (grpc.health.v1), asked over HTTP/2 without TLS; h2 knows the protocol, the caps are ours.

The two messages are one field each, so that neither grpcio nor protobuf is needed for them.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from h2 import events
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import Event
from h2.exceptions import ProtocolError

from reconciler import __version__
from reconciler.probe.failures import NoAnswerError
from reconciler.probe.wire import CHUNK, Call, opened

_PATH = "/grpc.health.v1.Health/Check"
#: Reads of one answer, and bytes of its message.
_STEPS = 256
_MESSAGE = 4096
_PREFIX = 5
#: Answers by their bytes (HealthCheckResponse.status, field 1); the first value is left out on the wire.
_SERVING = b"\x08\x01"
_WORDS = {b"": "UNKNOWN", b"\x08\x00": "UNKNOWN", b"\x08\x02": "NOT_SERVING", b"\x08\x03": "SERVICE_UNKNOWN"}
_STATUS = {
    "5": "it knows no service of that name",
    "12": "it has no health service (grpc.health.v1)",
    "14": "it is unavailable",
}
_CODES = {str(code) for code in range(1, 17)}
_HTTP = {str(code) for code in range(100, 600)}


@dataclass(slots=True)
class _Reply:
    """What has come so far."""

    headers: dict[str, str] = field(default_factory=dict)
    message: bytes = b""
    ended: bool = False


async def check(call: Call, service: str) -> None:
    """Ask for a service ("": the server as a whole). Raises NoAnswerError unless it is SERVING, and ShortageError."""
    asked = f"gRPC health of {service}" if service else "gRPC health"
    async with opened(call) as (reader, writer):
        call.doing = f"{asked} from"
        try:
            reply = await _exchange(call, service, reader, writer)
        except ProtocolError:
            raise NoAnswerError(f"{asked}: what it answers is not HTTP/2") from None
    why = _judge(reply)
    if why:
        raise NoAnswerError(f"{asked}: {why}")


async def _exchange(call: Call, service: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> _Reply:
    connection = _begin(call, service)
    reply = _Reply()
    for _ in range(_STEPS):
        writer.write(connection.data_to_send())
        data = await reader.read(CHUNK)
        if not data:
            break
        if data.startswith(b"HTTP/1"):  # h2 would wait for the end of a frame
            raise ProtocolError
        for event in connection.receive_data(data):
            _take(event, reply)
        if reply.ended or len(reply.message) > _MESSAGE:
            break
    return reply


def _begin(call: Call, service: str) -> H2Connection:
    """A connection with the request on it, still to be sent."""
    connection = H2Connection(H2Configuration(client_side=True, header_encoding=None))
    connection.initiate_connection()
    headers = [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", _PATH),
        (":authority", call.endpoint),
        ("te", "trailers"),
        ("content-type", "application/grpc"),
        ("user-agent", f"reconciler-probe/{__version__}"),
        ("grpc-timeout", f"{max(1, int(call.left() * 1000))}m"),
    ]
    connection.send_headers(1, headers)
    name = service.encode()
    message = b"\x0a" + _varint(len(name)) + name if name else b""
    connection.send_data(1, b"\0" + len(message).to_bytes(4, "big") + message, end_stream=True)
    return connection


def _varint(number: int) -> bytes:
    """A number as protobuf writes it, seven bits a byte."""
    low = bytes([number & 0x7F | (0x80 if number > 0x7F else 0)])
    return low + (_varint(number >> 7) if number > 0x7F else b"")


def _take(event: Event, reply: _Reply) -> None:
    match event:
        case events.ResponseReceived() | events.TrailersReceived():
            reply.headers |= {_text(name): _text(value) for name, value in event.headers}
        case events.DataReceived():
            reply.message += event.data
        case events.StreamEnded() | events.StreamReset() | events.ConnectionTerminated():
            reply.ended = True
        case _:
            pass


def _text(word: str | bytes) -> str:
    return word if isinstance(word, str) else word.decode("latin-1")


def _judge(reply: _Reply) -> str:
    """What is wrong with an answer; "" when it is SERVING. Nothing of its words is repeated."""
    http, status = reply.headers.get(":status"), reply.headers.get("grpc-status")
    if http is None:
        return "the connection was closed before an answer"
    if http != "200":
        return f"HTTP {http}, expected 200" if http in _HTTP else "what it answers is not HTTP/2"
    if status is None:
        return "the answer has no gRPC status"
    if status != "0":
        return _STATUS.get(status) or (f"gRPC status {status}" if status in _CODES else "an unknown gRPC status")
    found = reply.message[_PREFIX:]
    if found == _SERVING:
        return ""
    return f"{_WORDS.get(found, 'an answer that is not understood')}, expected SERVING"
