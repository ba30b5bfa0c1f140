"""uvicorn in a thread of its own, on a socket that is bound before anything else starts."""

from __future__ import annotations

import socket
import threading

import uvicorn
from fastapi import FastAPI

from reconciler.errors import SettingsError


class PageServer:
    """Serves an application until closed."""

    def __init__(self, listen: str) -> None:
        """Bind `listen` (host:port; port 0 takes a free one). Raises SettingsError when that is not possible."""
        host, _, port = listen.rpartition(":")
        host = host.strip("[]")
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            self._socket = socket.create_server((host, int(port)), family=family, backlog=64)
        except (OSError, OverflowError) as error:
            raise SettingsError(f"http.listen: {listen} cannot be used: {error}; choose a free address") from error
        bound = self._socket.getsockname()
        shown = f"[{bound[0]}]" if family is socket.AF_INET6 else bound[0]
        self.address = f"http://{shown}:{bound[1]}"
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    def start(self, app: FastAPI) -> None:
        """Begin to serve `app`; returns at once."""
        config = uvicorn.Config(
            app,
            log_config=None,  # its lines go where ours go
            log_level="warning",
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, name="pages", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Stop serving; waits two seconds at most."""
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(2)
        self._socket.close()
