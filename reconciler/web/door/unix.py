"""The unix socket: a file that only the daemon's own user may open."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
from contextlib import suppress
from pathlib import Path

from reconciler.errors import SettingsError
from reconciler.web.door.listener import Listener


class SocketFile:
    """Listens at `path`, mode 0600, from the moment that it is there; takes the place of one that was left behind.

    It is made in a folder that nobody else can enter and moved from there, so that it is never open to others, not even
    for a moment, and nobody meets a socket that does not listen yet. To be made by who holds the state folder's lock.
    Raises SettingsError when it cannot be made.
    """

    def __init__(self, path: Path, places: int) -> None:
        self._path = path
        self.listener = Listener(socket.AF_UNIX, places)
        try:
            self._id = self._make(path.parent / f".socket-{secrets.token_hex(6)}")
        except OSError as error:
            self.listener.close()
            raise SettingsError(f"state: {path} cannot be made: {error.strerror}; see http.socket") from error

    def _make(self, folder: Path) -> tuple[int, int]:
        for left in folder.parent.glob(".socket-*"):  # by a daemon that was killed just then
            shutil.rmtree(left, ignore_errors=True)
        folder.mkdir(mode=0o700)
        try:
            made = folder / "s"
            bind(self.listener, made)
            made.chmod(0o600)
            self.listener.listen(128)
            made.replace(self._path)
        finally:
            (folder / "s").unlink(missing_ok=True)
            folder.rmdir()
        return _id(self._path)

    def remove(self) -> None:
        """The file goes, unless somebody else's is in its place; who has come already is served on."""
        with suppress(OSError):  # it is gone already
            if _id(self._path) == self._id:
                self._path.unlink()


def bind(one: socket.socket, path: Path) -> None:
    """Bind to a path of any length: the kernel takes 107 bytes, and a folder that is open has a short name too."""
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        one.bind(f"/proc/self/fd/{folder}/{path.name}")
    finally:
        os.close(folder)


def _id(path: Path) -> tuple[int, int]:
    found = path.lstat()
    return (found.st_dev, found.st_ino)
