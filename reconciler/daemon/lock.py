"""One daemon for each state folder: an exclusive lock that the kernel gives back when its last holder is gone."""

from __future__ import annotations

import fcntl
import logging
import os
import secrets
import threading
from pathlib import Path

from reconciler.errors import SettingsError

_log = logging.getLogger("reconciler.lock")


class StateLock:
    """An flock(2) on `<state>/lock`.

    The descriptor is handed on to every sbatch that the daemon starts (flock belongs to the open file, so children that
    inherit it hold it too). A daemon that is killed in the middle of a submit thereby keeps the next one waiting until
    that submit has ended, and the next one's first look shows what it came to: no job is submitted twice.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self.fd = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise SettingsError(f"state: {folder} cannot be used: {error.strerror}; make it writable") from error

    def acquire(self, stop: threading.Event) -> bool:
        """Wait until this process holds the lock; False when `stop` was set first."""
        waited = False
        while not self.acquire_now():
            if not waited:
                _log.warning("another daemon holds the lock on the state folder; waiting for it to end")
            waited = True
            if stop.wait(0.2):
                return False
        return not stop.is_set()

    def acquire_now(self) -> bool:
        """Take it if nobody else has it; who has it already keeps it."""
        try:
            fcntl.flock(self.fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def identity(self) -> str:
        """A random name of this state folder, made once; to be asked for by who holds the lock."""
        path = self._folder / "identity"
        if not path.exists():
            path.write_text(secrets.token_hex(8), "utf-8")
        return path.read_text("utf-8").strip() or secrets.token_hex(8)

    def release(self) -> None:
        """Give it back (children that are still running keep it until they end)."""
        os.close(self.fd)
