"""The bare clone below the state folder: made, kept up to date, and made anew when it is broken."""

from __future__ import annotations

import logging
import os
import shutil
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from reconciler.errors import SettingsError, SourceError
from reconciler.settings import SourceSettings
from reconciler.source.commands import CloneError, Commands
from reconciler.source.remote import Remote, SlowError

#: The one ref of the clone: what the operator follows, whatever its name is over there.
HEAD = "refs/reconciler/head"
#: After so many pushes it is looked whether the clone wants to be packed.
_TIDY_AFTER = 200
_T = TypeVar("_T")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Followed:
    """What is followed: a ref of the remote repository, or a commit when `fixed`."""

    name: str
    fixed: bool = False

    @property
    def words(self) -> str:
        """As a person would say it."""
        for prefix, word in (("refs/heads/", "branch "), ("refs/tags/", "tag ")):
            if self.name.startswith(prefix):
                return word + self.name.removeprefix(prefix)
        return f"commit {self.name}" if self.fixed else self.name


def followed(settings: SourceSettings) -> Followed:
    """Branch, tag or commit of the settings, or the repository's own HEAD. Raises SettingsError for two of them."""
    chosen = [name for name in ("branch", "tag", "commit") if getattr(settings, name)]
    if len(chosen) > 1:
        raise SettingsError(f"source: {' and '.join(chosen)} are set; expected at most one of branch, tag and commit")
    if settings.commit:
        return Followed(settings.commit, fixed=True)
    if settings.branch:
        return Followed(f"refs/heads/{settings.branch}")
    return Followed(f"refs/tags/{settings.tag}" if settings.tag else "HEAD")


class Clone:
    """A bare clone of one ref.

    Several threads may use it: one at a time fetches, and `lock` is held while the clone is replaced, so a reader
    takes it for each command. Only one process at a time may fetch into the folder.
    """

    def __init__(self, folder: Path, remote: Remote, wanted: Followed) -> None:
        self.commands = Commands(folder)
        self.lock = threading.Lock()
        self._fetching = threading.RLock()
        self._folder = folder
        self._remote = remote
        self._wanted = wanted
        self._default = ""
        self._pushes = 0

    def reading(self, operation: Callable[[], _T]) -> _T:
        """The operation's result; a clone that turns out to be broken is made anew once. Raises SourceError."""
        try:
            with self.lock:
                return operation()
        except CloneError:
            self.rebuild()
            with self.lock:
                return operation()

    def branch(self) -> str:
        """The branch that is followed, as a ref; "" where none is. The repository's own HEAD is asked once for its."""
        if self._wanted.name != "HEAD":
            return self._wanted.name if self._wanted.name.startswith("refs/heads/") else ""
        if not self._default:
            self._remote_head()
        return self._default

    def pushed(self, before: str, sha: str) -> None:
        """The followed branch is at `sha` now, which is in the clone: the next refresh need not fetch it.

        Nothing is done where it is fetched at this moment, or was since it was at `before`.
        """
        if not before or not self._fetching.acquire(blocking=False):
            return
        try:
            with self.lock, suppress(SourceError):
                self.commands.local("update-ref", HEAD, sha, before)
            self._tidy()
        finally:
            self._fetching.release()

    def _tidy(self) -> None:
        """Pack what commits of ours left, from time to time: a fetch does it too, and there may be none for long."""
        self._pushes += 1
        if self._pushes % _TIDY_AFTER == 0:
            with suppress(SourceError):
                self.commands.local("-c", "gc.autoDetach=false", "gc", "--auto", "--quiet")

    def refresh(self) -> str:
        """Ask what the head is, fetch when it is new, and return its commit id. Raises SourceError."""
        with self._fetching:
            if not self._is_ours():
                return self.rebuild()
            if self.head() != self._remote_head():
                self._update()
            try:
                return self._commit(self.commands)
            except CloneError:
                return self.rebuild()

    def rebuild(self) -> str:
        """Throw the clone away, make a new one and return the head's commit id.

        The new one is made beside the old one, which stays until the new one is whole: a clone of this name was
        complete once, however its making was interrupted. Raises SourceError.
        """
        fresh = self._folder.with_suffix(".new")
        with self._fetching:
            self._remote_head()
            try:
                _remove(fresh)
                commit = self._make(Commands(fresh))
                self._replace(fresh)
            except OSError as error:
                raise SourceError(f"{self._folder}: the clone cannot be written: {error}") from error
            finally:
                shutil.rmtree(fresh, ignore_errors=True)
        return commit

    def _replace(self, fresh: Path) -> None:
        old = self._folder.with_suffix(".old")
        _remove(old)
        with self.lock:
            if os.path.lexists(self._folder):
                self._folder.rename(old)
            fresh.rename(self._folder)
        _remove(old)

    def _make(self, commands: Commands) -> str:
        commands.folder.parent.mkdir(parents=True, exist_ok=True)
        commands.folder.mkdir(mode=0o700)
        commands.local("init", "--quiet", "--bare", "--template=")
        commands.local("config", "reconciler.url", self._remote.url)
        self._fetch(commands)
        return self._commit(commands)

    def _is_ours(self) -> bool:
        """Whether the clone is there and is one of the repository that the settings name."""
        with suppress(CloneError):
            return self.commands.local("config", "--get", "reconciler.url").decode().rstrip("\n") == self._remote.url
        return False

    def _remote_head(self) -> str:
        """Id that the remote ref has now: the tag object's own for an annotated tag."""
        if self._wanted.fixed:
            return self._wanted.name
        refs = self._remote.list_refs(self._folder, self._wanted.name)
        self._default = refs.symbolic.get("HEAD", "")
        if self._wanted.name in refs.ids:
            return refs.ids[self._wanted.name]
        raise SourceError(
            f"{self._remote.url}: there is no {self._wanted.words}; "
            "push a first commit, or name what is there with source.branch, source.tag or source.commit"
        )

    def head(self) -> str:
        """Id that the ref has in the clone, or "" when there is none."""
        with suppress(CloneError):
            return self.commands.local("rev-parse", "--verify", "--quiet", HEAD).decode().strip()
        return ""

    def _commit(self, commands: Commands) -> str:
        name = commands.local("rev-parse", "--verify", f"{HEAD}^{{}}").decode().strip()
        if commands.local("cat-file", "-t", name).strip() != b"commit":
            raise SourceError(f"{self._remote.url}: {self._wanted.words} is not a commit; expected one")
        return name

    def _update(self) -> None:
        """Fetch; when that fails although the remote answers, the fault may be the clone's, so make it anew."""
        try:
            self._fetch(self.commands)
        except SlowError:
            raise
        except SourceError as error:
            _log.warning("fetch failed, the repository is cloned anew: %s", error)
            self.rebuild()

    def _fetch(self, commands: Commands) -> None:
        """Fetch the one ref; `+` follows a force-push."""
        for left in (commands.folder / "objects" / "pack").glob("tmp_*"):
            left.unlink(missing_ok=True)  # of a fetch that was killed: nobody else fetches into this clone
        self._remote.fetch(commands.folder, f"+{self._wanted.name}:{HEAD}")


def _remove(place: Path) -> None:
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    else:
        place.unlink(missing_ok=True)
