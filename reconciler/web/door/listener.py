"""A socket that connections are taken from, no more at the same time than there are places."""

from __future__ import annotations

import logging
import resource
import socket
from typing import Any
from weakref import WeakKeyDictionary

_log = logging.getLogger("reconciler.web")
#: Milliseconds that an answer may wait for the other end to take it; the kernel ends the connection then, also when
#: that end is gone without a word.
_UNTAKEN = 30_000
#: Files that the daemon itself may need besides its connections.
_OWN_FILES = 1000


class Listener(socket.socket):
    """Whoever comes when all places are taken is closed at once, before a byte is read or a handshake begins.

    When half of them are taken, no address gets more than half of all: somebody else can come as long as others leave.
    """

    __slots__ = ("_guests", "places")

    def __init__(self, family: int, places: int) -> None:
        super().__init__(family, socket.SOCK_STREAM)
        self.places = places
        self._guests: WeakKeyDictionary[socket.socket, str] = WeakKeyDictionary()
        if family != socket.AF_UNIX:
            self.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNTAKEN)
            # asyncio does it for sockets that name their protocol only; a body would wait 40 ms for the head's receipt.
            self.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if family == socket.AF_INET6:
            self.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)

    def accept(self) -> tuple[socket.socket, Any]:
        """The next one that has a place. Raises ConnectionAbortedError for one that has none; the loop goes on then."""
        guest, address = super().accept()
        host = str(address[0]) if isinstance(address, tuple) else ""
        if not self._has_place(host):
            guest.close()
            raise ConnectionAbortedError
        self._guests[guest] = host
        return guest, address

    def _has_place(self, host: str) -> bool:
        if len(self._guests) < self.places // 2:
            return True
        there = [whose for guest, whose in self._guests.items() if guest.fileno() >= 0]
        return len(there) < self.places and (not host or there.count(host) < self.places // 2)


def make_room(connections: int) -> None:
    """Let the process open as many files as that needs, as far as it may; a warning says where it may not."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    need = connections + _OWN_FILES
    allowed = need if hard == resource.RLIM_INFINITY else min(need, hard)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    if allowed < need:
        words = "http.limits.connections: %d connections need %d open files, and %d are allowed (ulimit -Hn)"
        _log.warning(words, connections, need, allowed)
