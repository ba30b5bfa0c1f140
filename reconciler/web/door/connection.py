"""One connection: uvicorn's, with an eye on the clock, and with problem documents for what is no HTTP."""

from __future__ import annotations

import asyncio
import logging
import pwd
import socket
import struct
import sys
from contextlib import suppress
from functools import cache
from http import HTTPStatus

import h11
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from reconciler.shapes import problem
from reconciler.shapes.problem import Kind
from reconciler.web.door.watchers import is_watching
from reconciler.web.door.who import PEER
from reconciler.web.problems import answer

#: Largest headers of a request, in bytes.
MOST_HEADERS = 32 * 1024
#: Seconds, and bytes, that are still taken and thrown away after an answer to what was no request: an unread rest would
#: reset the connection and take the answer with it.
_LINGER_SECONDS, _LINGER_BYTES = 1.0, 4 * 1024 * 1024
#: Seconds for the other end to take what waits for it to be read.
_UNREAD = 60.0
#: Seconds that streams, and other answers, have to end when the daemon stops.
_STREAMS_END, _ANSWERS_END = 0.5, 1.5


def _is_news(record: logging.LogRecord) -> bool:
    """What a page raised is in the log already, with its reference (web/problems.py)."""
    return record.exc_info is None


_log = logging.getLogger("reconciler.web.connection")
_log.setLevel(logging.ERROR)  # what clients do wrong is told to them
_log.addFilter(_is_news)


class Connection(H11Protocol):
    """`seconds`: within which the headers of a request must be there, from its first byte or the connection's begin."""

    def __init__(self, config: Config, server_state: ServerState, seconds: float) -> None:
        super().__init__(config, server_state, {})
        self.logger = _log
        self.access_log = False
        self._seconds = seconds
        self._deadline: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None
        self._thrown: int | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """See asyncio.Protocol."""
        super().connection_made(transport)
        end: socket.socket | None = transport.get_extra_info("socket")
        if end is not None and end.family == socket.AF_UNIX:
            self.app_state = {PEER: _user(end)}
        self._expect()

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.Protocol."""
        self._expect_no_more()
        self.resume_writing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        if self._thrown is not None:
            self._throw(len(data))
            return
        if self._idle and self._deadline is None:
            self._expect()
        super().data_received(data)
        if not self._idle:
            self._expect_no_more()

    def pause_writing(self) -> None:
        """See asyncio.Protocol."""
        super().pause_writing()
        self._unread = self._unread or self.loop.call_later(_UNREAD, self.transport.abort)

    def resume_writing(self) -> None:
        """See asyncio.Protocol."""
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        """What uvicorn calls while it handles the error of what was no HTTP."""
        del msg
        large = getattr(sys.exception(), "error_status_hint", 400) == problem.HEADERS.status
        words = f"the headers are larger than {MOST_HEADERS} bytes" if large else "this is no request of HTTP/1.1"
        self._refuse(problem.HEADERS if large else problem.MALFORMED, words)

    def shutdown(self) -> None:
        """What uvicorn calls when the daemon stops: answers end within a second or two, streams sooner."""
        if self._idle or self._thrown is not None:
            self.transport.close()
            return
        super().shutdown()
        self.loop.call_later(_STREAMS_END if is_watching(dict(self.scope)) else _ANSWERS_END, self.transport.close)

    def _unsupported_upgrade_warning(self) -> None:
        """Who asks for another protocol is answered in this one (RFC 9110, 7.8); that is no news."""

    @property
    def _idle(self) -> bool:
        """Whether no request is being answered."""
        return self.cycle is None or self.cycle.response_complete  # type: ignore[redundant-expr]  # None at first

    def _expect(self) -> None:
        self._deadline = self.loop.call_later(self._seconds, self._late)

    def _expect_no_more(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _late(self) -> None:
        if self.transport.is_closing():
            return
        if self.conn.trailing_data[0]:
            self._refuse(problem.SLOW, f"the headers were not there within {self._seconds:g}s (http.limits.header)")
        else:
            self.transport.close()

    def _refuse(self, kind: Kind, words: str) -> None:
        """Answer what never became a request, or stopped to be one, and end."""
        if not self._idle:  # the page waits for the rest of a body, which will not come
            self.cycle.disconnected, self.cycle.waiting_for_100_continue = True, False
            self.cycle.message_event.set()
        if self.conn.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            response = answer(kind, words)
            headers = [*self.server_state.default_headers, *response.raw_headers, (b"connection", b"close")]
            head = h11.Response(
                status_code=kind.status, headers=headers, reason=HTTPStatus(kind.status).phrase.encode()
            )
            for event in (head, h11.Data(data=bytes(response.body)), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
            self._linger()
        else:
            self.transport.close()

    def _linger(self) -> None:
        self._thrown = 0
        self._expect_no_more()
        self._unset_keepalive_if_required()
        if self.transport.can_write_eof():
            with suppress(OSError):  # the other end is gone already
                self.transport.write_eof()
        self.loop.call_later(_LINGER_SECONDS, self.transport.close)

    def _throw(self, size: int) -> None:
        self._thrown = (self._thrown or 0) + size
        if self._thrown > _LINGER_BYTES:
            self.transport.abort()


def _user(end: socket.socket) -> str:
    """Who is at the other end of a unix socket, as the kernel knows."""
    _pid, uid, _gid = struct.unpack("3i", end.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")))
    return _name(uid)


@cache  # a directory service may take its time
def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:  # a user id without a name, in a container
        return f"uid-{uid}"
