"""The client of a daemon."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self

from reconciler.client import door
from reconciler.client.following import Following
from reconciler.client.wire import Wire
from reconciler.client.writing import Writing

_TIMEOUT = 60.0
_PATIENCE = 30.0


class Client(Writing, Following):
    """`ServerService` of another process: services are started, stopped and listed, and followed.

    May be used by several threads; to be closed, or used with `with`. `timeout`: seconds without a word after which
    there is no answer; `patience`: seconds for which what may be asked again is asked again.
    """

    def __init__(
        self,
        url: str,
        token: str = "",
        *,
        ca_file: str | Path | None = None,
        timeout: float = _TIMEOUT,
        patience: float = _PATIENCE,
    ) -> None:
        """Of the daemon at `url` (http://HOST:PORT or https://…). `ca_file`: whose certificates are trusted.

        Nothing is asked yet. Raises SettingsError for what is no address, no token or no certificate.
        """
        context = door.trusting(Path(ca_file) if ca_file else None)
        self._use(door.over_network(url, token, context, timeout), patience)

    @classmethod
    def of_socket(cls, path: str | Path, *, timeout: float = _TIMEOUT, patience: float = _PATIENCE) -> Self:
        """Of the daemon at a unix socket; no token is needed by who may open it."""
        return cls._of(door.over_socket(Path(path), timeout), patience)

    @classmethod
    def of_state(
        cls,
        folder: str | Path,
        token: str = "",
        *,
        ca_file: str | Path | None = None,
        timeout: float = _TIMEOUT,
        patience: float = _PATIENCE,
    ) -> Self:
        """Of the daemon that works with a state folder: over its socket, or the address that it wrote there.

        `ca_file` is the daemon's own certificate then, where it serves HTTPS. Raises NoAnswerError where there is none.
        """
        context = door.trusting(Path(ca_file) if ca_file else None, pinned=True)
        return cls._of(door.of_state(Path(folder), token, context, timeout), patience)

    @classmethod
    def _of(cls, way: door.Door, patience: float) -> Self:
        made = cls.__new__(cls)
        made._use(way, patience)  # noqa: SLF001 - its own
        return made

    def _use(self, way: door.Door, patience: float) -> None:
        self._wire = Wire(way, patience)

    @property
    def address(self) -> str:
        """Where the daemon is: its address, or the path of its socket."""
        return self._wire.door.name

    @property
    def local(self) -> bool:
        """Whether it is reached over a unix socket."""
        return not self.address.startswith("http")

    def close(self) -> None:
        """Close its connections."""
        self._wire.door.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Client({self.address!r})"
