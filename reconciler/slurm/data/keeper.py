"""The data folders of one Slurm target, seen from a machine that has them too: the login node, as its jobs' user."""

from __future__ import annotations

import fcntl
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from secrets import token_hex

from reconciler.errors import ConflictError, LookError, RefusedError
from reconciler.models.data import Stored
from reconciler.settings import SlurmTarget
from reconciler.slurm.data import walk
from reconciler.slurm.data.mark import FILE, LARGEST, FolderMark, read_mark
from reconciler.slurm.mark import replica_of

_LOCK = ".lock"
#: A replica's folder that is being removed: `.removed-<replica>-<chance>`, beside where it was.
_ASIDE = re.compile(r"\.removed-(?P<replica>0|[1-9]\d{0,8})-[0-9a-f]{8}", re.ASCII)
#: Beside secrets that were made: an empty file that names an owner whose services use them (`inside/secrets.sh`).
_USER = ".of-"
#: Seconds for the sizes of all folders together.
_PATIENCE = 20.0


class FolderKeeper:
    """See `reconciler.ports.DataKeeper`; `owner` is whose mark its folders bear.

    `<folders.data>/<service>/<replica>/<volume>`; a removal first gives the replica's folder another name, so that one
    that was cut short is seen and can be ended by the next. The operator's own folders may be links; none in them is
    followed.
    """

    def __init__(self, name: str, target: SlurmTarget, owner: str) -> None:
        self._name = name
        self._folders = target.folders
        self._owner = owner

    def list(self, service: str = "") -> Iterator[Stored]:
        """See `DataKeeper.list`."""
        until = time.monotonic() + _PATIENCE
        try:
            with walk.opened(self._folders.data.resolve()) as data:
                for one in walk.names(data):
                    if service in ("", one) and replica_of(f"{one}.0"):
                        yield from self._of_service(one, data, until)
        except FileNotFoundError:
            return
        except OSError as error:
            raise LookError(f"{self._folders.data}: cannot be read: {error.strerror}") from error

    def remove(self, stored: Stored) -> None:
        """See `DataKeeper.remove`: all volumes of its replica go together."""
        try:
            with walk.opened(self._folders.data.resolve()) as data, walk.opened(stored.service, data) as home:
                self._remove(stored, home)
                with suppress(OSError):
                    os.rmdir(stored.service, dir_fd=data)  # of its last replica
        except FileNotFoundError:
            return
        except OSError as error:
            where = error.filename or stored.place
            raise RefusedError(f"{where}: cannot be removed: {error.strerror}; the rest can be tried again") from error

    def remove_secrets(self, service: str) -> bool:
        """See `DataKeeper.remove_secrets`."""
        if self._folders.secrets is None:
            return False
        name = f"{service}-generated"
        try:
            with walk.opened(self._folders.secrets.resolve()) as secrets, walk.opened(name, secrets) as made:
                users = {one for one in walk.names(made) if one.startswith(_USER)}
                mine = f"{_USER}{self._owner}"
                if users == {mine}:
                    walk.remove(name, secrets)
                elif mine in users:
                    walk.remove(mine, made)  # another owner's service goes on using them
                return mine in users
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError as error:
            raise RefusedError(f"{self._folders.secrets}/{name}: cannot be removed: {error.strerror}") from error

    def close(self) -> None:
        """Nothing is held."""

    def _of_service(self, service: str, data: int, until: float) -> Iterator[Stored]:
        with walk.unless_of_others(service, data), walk.opened(service, data) as home:
            for one in walk.names(home):
                aside = _ASIDE.fullmatch(one)
                named = aside["replica"] if aside else one
                if replica_of(f"{service}.{named}"):
                    yield from self._of_replica(service, int(named), one, home, until)

    def _of_replica(self, service: str, replica: int, name: str, home: int, until: float) -> Iterator[Stored]:
        with walk.unless_of_others(name, home), walk.opened(name, home) as folder:
            mark = _mark(folder)
            if mark is not None and mark.owner != self._owner:
                return
            place = self._folders.data / service / name
            held = _holder(folder)
            volumes = [one for one in walk.names(folder) if not one.startswith(".")]
            for volume in volumes or [""]:
                found = walk.measure(volume, folder, lambda: time.monotonic() > until) if volume else walk.Measure()
                yield Stored(
                    self._name,
                    service,
                    replica,
                    volume,
                    str(place / volume),
                    mark.recipe if mark else "",
                    used=found.used,
                    partial=found.partial,
                    changed=datetime.fromtimestamp(found.newest, UTC) if found.newest else None,
                    held=held,
                    marked=mark is not None and mark.service == service,
                    removing=name.startswith("."),
                    identity=name,
                )

    def _remove(self, stored: Stored, home: int) -> None:
        """Under another name first: who looks for it from then on finds nothing, or that it is being removed."""
        name = stored.identity
        with walk.opened(name, home) as folder:
            mark = _mark(folder)
            if mark is None or (mark.owner, mark.service) != (self._owner, stored.service):
                raise ConflictError(f"{stored.place}: it bears no mark of {self._owner}; it is left alone")
            with _locked(folder, stored.place):
                if not stored.removing:
                    aside = f".removed-{name}-{token_hex(4)}"
                    os.rename(name, aside, src_dir_fd=home, dst_dir_fd=home)
                    name = aside
                for one in walk.names(folder):
                    if one != FILE:
                        walk.remove(one, folder)
                walk.remove(FILE, folder)  # last: what is left of it is known by this
            os.rmdir(name, dir_fd=home)


def _mark(folder: int) -> FolderMark | None:
    """The mark of an open folder of a replica."""
    try:
        handle = os.open(FILE, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK, dir_fd=folder)
    except OSError:
        return None
    with os.fdopen(handle, "rb") as file:
        return read_mark(file.read(LARGEST).decode("utf-8", "replace"))


def _holder(folder: int) -> str:
    """Who holds the lock on the data, in words; "" for nobody, and where there is none."""
    try:
        with _locked(folder, "", make=False):
            return ""
    except ConflictError:
        return "a job holds its lock"
    except OSError:
        return ""


@contextmanager
def _locked(folder: int, place: str, *, make: bool = True) -> Iterator[None]:
    """Hold the lock that jobs hold while they use the data. Raises ConflictError while one does.

    Where the file system has no locks, jobs have none either.
    """
    flags = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK | (os.O_CREAT if make else 0)
    handle = os.open(_LOCK, flags, 0o600, dir_fd=folder)
    try:
        _lock(handle, place)
        yield
    finally:
        os.close(handle)


def _lock(handle: int, place: str) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise ConflictError(f"{place}: a job holds the lock of these data; nothing was removed") from error
    except OSError:
        return
