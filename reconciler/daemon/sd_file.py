"""The list of `/sd` in a file, for Prometheus' file_sd: written anew when it has changed, always whole."""

from __future__ import annotations

import logging
import os
import threading
from pathlib import Path

from reconciler.board import Board
from reconciler.discovery import lacking, scrape_groups, text_of

_log = logging.getLogger("reconciler.discovery")

#: What is known of a file: who it is, how long, and when it was written.
_Signature = tuple[int, int, int]


class SdFile(threading.Thread):
    """Keeps `path` as the board has it, at the latest every `interval` seconds, until `stop` is set.

    Nothing is written before every target has been seen, and the file stays at the end: whoever reads it keeps what it
    has. A failure is logged once and tried again; `failures` counts them.
    """

    def __init__(
        self, path: Path, interval: float, board: Board, targets: tuple[str, ...], stop: threading.Event
    ) -> None:
        super().__init__(name="discovery", daemon=True)
        self.failures = 0
        self._path = path
        self._interval = interval
        self._board = board
        self._targets = targets
        self._stop_event = stop
        self._written: tuple[str, _Signature] | None = None
        self._failure = ""

    def run(self) -> None:
        """Write until stopped."""
        while not self._stop_event.is_set():
            self.step()
            self._stop_event.wait(self._interval)

    def step(self) -> None:
        """Write the file now, if it is not as it should be. Raises nothing."""
        try:
            status = self._board.status()
            if not lacking(status, self._targets):
                self._keep(text_of(scrape_groups(status)))
                self._succeed()
        except Exception as error:  # noqa: BLE001 - whatever it is, the daemon goes on without the file
            self._fail(error)

    def _keep(self, text: str) -> None:
        if self._written is not None and self._written == (text, _signature(self._path)):
            return
        if self._written is None and _is(self._path, text):
            self._written = (text, _signature(self._path))
            return
        _replace(self._path, text)
        self._written = (text, _signature(self._path))

    def _succeed(self) -> None:
        if self._failure:
            _log.warning("discovery.file: %s is written again, after %d failures", self._path, self.failures)
        self._failure = ""

    def _fail(self, error: Exception) -> None:
        self.failures += 1
        words = f"{type(error).__name__}: {error}"
        if words != self._failure:
            _log.error(
                "discovery.file: %s cannot be written: %s; Prometheus keeps the list that it has; it is tried again",
                self._path,
                words,
            )
        self._failure = words


def _signature(path: Path) -> _Signature:
    try:
        found = path.stat()
    except FileNotFoundError:
        return (0, 0, 0)
    return (found.st_ino, found.st_size, found.st_mtime_ns)


def _is(path: Path, text: str) -> bool:
    return path.is_file() and path.read_bytes() == text.encode()


def _replace(path: Path, text: str) -> None:
    """In one step, so that nobody reads a half; readable by Prometheus, which runs as another user."""
    young = path.with_name(f".{path.name}.new")
    young.unlink(missing_ok=True)
    opened = os.open(young, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    with os.fdopen(opened, "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o644)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    young.replace(path)
