"""The pages' server: a thread of its own, on a socket that is bound before anything else starts."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

from fastapi import FastAPI

from reconciler.errors import SettingsError
from reconciler.settings import RequestLimits
from reconciler.settings.http import TlsSettings
from reconciler.web.door.engine import Engine
from reconciler.web.door.listener import Listener, make_room
from reconciler.web.door.tls import Tls
from reconciler.web.door.unix import SocketFile

#: Seconds to begin, and to end.
_BEGIN, _END = 10, 3
_USUAL = RequestLimits()


class PageServer:
    """Serves an application until closed."""

    def __init__(self, listen: str, limits: RequestLimits = _USUAL, tls: TlsSettings | None = None) -> None:
        """Bind `listen` (host:port; port 0 takes a free one). Raises SettingsError when that is not possible."""
        self._limits = limits
        self._tls = Tls(tls) if tls else None
        self._socket = _bound(listen, limits.connections)
        host, port, *_ = self._socket.getsockname()
        shown = f"[{host}]" if ":" in host else host
        self.address = f"{'https' if tls else 'http'}://{shown}:{port}"
        self._file: SocketFile | None = None
        self._engine: Engine | None = None
        self._thread: threading.Thread | None = None

    def start(self, app: FastAPI) -> None:
        """Begin to serve `app`; returns when it does."""
        make_room(self._limits.connections)
        self._engine = engine = Engine(app, self._limits, self._tls)
        run = {"sockets": [self._socket]}
        self._thread = threading.Thread(target=engine.run, kwargs=run, name="pages", daemon=True)
        self._thread.start()
        engine.serving.wait(_BEGIN)

    def open_socket(self, path: Path) -> None:
        """Serve the same on a unix socket too, for the daemon's own user. It has no TLS, and needs none.

        Raises SettingsError when it cannot be made.
        """
        if self._engine is None:
            raise RuntimeError("it was not started")
        self._file = SocketFile(path, self._limits.connections)
        self._engine.add(self._file.listener)

    def close(self) -> None:
        """Stop serving; waits three seconds at most."""
        if self._file is not None:
            self._file.remove()
        if self._engine is not None and self._thread is not None:
            self._engine.should_exit = True
            self._thread.join(_END)
        if self._file is not None:
            self._file.listener.close()
        self._socket.close()


def _bound(listen: str, places: int) -> Listener:
    host, _, port = listen.rpartition(":")
    host = host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    one = Listener(family, places)
    try:
        one.bind((host, int(port)))
        one.listen(128)
    except (OSError, OverflowError) as error:
        one.close()
        raise SettingsError(f"http.listen: {listen} cannot be used: {error}; choose a free address") from error
    return one
