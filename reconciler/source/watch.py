"""Rings a bell when the repository may have a new commit: file events on this machine, a timer for any other."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from datetime import UTC, timedelta
from pathlib import Path

import git
from apscheduler.schedulers.background import BackgroundScheduler
from watchfiles import Change, watch

from reconciler.ports import Bell

#: Files that change with a ref and lie beside the refs folder: HEAD, packed refs and the list of reftables.
_NAMES = frozenset({"HEAD", "packed-refs", "tables.list"})
_STEP = 10  # milliseconds between two looks at the queue of events
_DEBOUNCE = 40  # milliseconds that a burst of events may delay the bell
_JITTER = 0.1  # share of the interval by which polls are spread, so that daemons do not ask all at once
_log = logging.getLogger(__name__)


class Watch:
    """Watches the repository in `folder`, or nothing when it is None, and polls once in each `interval` besides.

    The poll finds a repository that appears late or was replaced, and what a network file system does not report.
    """

    def __init__(self, folder: Path | None, interval: timedelta) -> None:
        self._folder = folder
        self._interval = interval.total_seconds()
        self._files: _Files | None = None
        self._scheduler: BackgroundScheduler | None = None

    def start(self, bell: Bell) -> None:
        """Begin to ring `bell`; returns at once. A second call does nothing."""
        if self._scheduler:
            return
        self._scheduler = BackgroundScheduler(timezone=UTC)
        self._scheduler.add_job(
            self._poll,
            "interval",
            args=(bell,),
            seconds=self._interval,
            jitter=self._interval * _JITTER,
            coalesce=True,
            max_instances=1,
            misfire_grace_time=None,
        )
        self._watch_files(bell)
        self._scheduler.start()

    def close(self) -> None:
        """Stop both; when it returns the bell rings no more. May be called twice."""
        scheduler, self._scheduler = self._scheduler, None
        if scheduler:
            scheduler.shutdown(wait=True)
        if self._files:
            self._files.close()
            self._files = None

    def _poll(self, bell: Bell) -> None:
        self._watch_files(bell)
        bell()

    def _watch_files(self, bell: Bell) -> None:
        """Watch the repository's files, unless those very files are watched already."""
        places = _find_places(self._folder) if self._folder else None
        if self._files and (self._files.places != places or not self._files.alive):
            self._files.close()
            self._files = None
        if places and not self._files:
            self._files = _Files(places, bell)


@dataclass(frozen=True, slots=True)
class _Places:
    """Folders of a repository in which refs change; `identity` tells a folder from its successor of the same name."""

    beside: tuple[Path, ...]
    refs: Path
    identity: tuple[int, int, int]


class _Files:
    """Two threads that wait for file events: one beside the refs, one below them (events need no recursion there)."""

    def __init__(self, places: _Places, bell: Bell) -> None:
        self.places = places
        self._bell = bell
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._wait, args=(places.beside,), kwargs={"below": False}, daemon=True),
            threading.Thread(target=self._wait, args=((places.refs,),), kwargs={"below": True}, daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    @property
    def alive(self) -> bool:
        """Whether both still wait."""
        return all(thread.is_alive() for thread in self._threads)

    def close(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _wait(self, folders: tuple[Path, ...], *, below: bool) -> None:
        events = watch(
            *folders,
            watch_filter=_is_ref if below else _is_beside,
            debounce=_DEBOUNCE,
            step=_STEP,
            stop_event=self._stop,
            recursive=below,
            raise_interrupt=False,
        )
        try:
            for _ in events:
                self._bell()
        except OSError as error:
            _log.warning("%s is no longer watched, only polled: %s", folders[0], error)


def _is_beside(_change: Change, path: str) -> bool:
    return Path(path).name in _NAMES


def _is_ref(_change: Change, path: str) -> bool:
    """A lock file is not news: Git renames it to the ref it locks, and that is."""
    return not path.endswith(".lock")


def _find_places(folder: Path) -> _Places | None:
    """Where refs of the repository in `folder` change: bare or not, or a further work tree of another repository."""
    try:
        with git.Repo(folder) as repository:
            own, common = Path(repository.git_dir), Path(repository.common_dir)
        status = (common / "refs").stat()
    except (git.GitError, OSError):
        return None
    beside = dict.fromkeys(place for place in (own, common, common / "reftable") if place.is_dir())
    return _Places(tuple(beside), common / "refs", (status.st_dev, status.st_ino, status.st_ctime_ns))
