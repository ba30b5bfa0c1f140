"""All seams on one page: what the turn needs from the world. Each world implements them in its own room."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from reconciler.models.data import Stored
from reconciler.models.probe import Probed, Probing
from reconciler.models.revision import Change, File, Revision, Snapshot, Trust
from reconciler.models.status import ServiceStatus
from reconciler.models.wanted import Rendered, ResolvedService
from reconciler.models.workload import Mark, Observed, Workload

#: Ringing it means "look again"; it carries no news.
Bell = Callable[[], None]


class Source(Protocol):
    """Where desired state comes from."""

    @property
    def trust(self) -> Trust:
        """What is known of signatures since the last refresh."""
        ...

    def refresh(self) -> Revision:
        """Fetch, and return the revision to be in force: the head, unless it is refused for want of a signature.

        Raises SourceError when there is none, or it cannot be read.
        """
        ...

    def read(self, revision: Revision) -> Snapshot:
        """All files of a revision below the desired path. Raises SourceError."""
        ...

    def earlier(self, revision: Revision, path: str) -> Iterator[tuple[Revision, File]]:
        """Older versions of one file, newest first, starting before that of `revision`. Raises SourceError."""
        ...

    def history(self, revision: Revision) -> Iterator[Change]:
        """The commits that changed something below the desired path, newest first, lazily. Raises SourceError."""
        ...

    def messages(self, revision: Revision, since: Revision) -> Iterator[str]:
        """The messages that may give leave, of `since` and of all later commits up to `revision`. Raises SourceError.

        Those of merged branches, and of commits that change no file, are among them.
        """
        ...

    def watch(self, bell: Bell) -> None:
        """Begin to ring `bell` when something may have changed (a local repository); returns at once."""
        ...

    def close(self) -> None:
        """Stop watching and free what is held."""
        ...


class Repository(Protocol):
    """The writing side of the source. Nobody else sees anything of a commit before it is pushed."""

    @property
    def branch(self) -> str:
        """The branch that is followed, as people call it (`main`).

        Raises RejectedError where there is none to write to (a tag or a fixed commit is followed), or SourceError.
        """
        ...

    def head(self) -> Revision:
        """Fetch, and return what the branch is at now, signed or not. Raises SourceError."""
        ...

    def read(self, revision: Revision) -> Snapshot:
        """All files of a revision below the desired path and the recipes path. Raises SourceError."""
        ...

    def commit(self, parent: Revision, files: Mapping[str, str | None], message: str, author: str) -> Revision:
        """A commit on `parent` with these files changed (None: removed), kept on this side. Raises SourceError.

        `author` is the name of who asked for it; the committer is this daemon.
        """
        ...

    def push(self, revision: Revision, branch: str = "") -> None:
        """Make `revision` (and what it stands on) the branch's head, never by force; `branch`: a new one instead.

        Raises RacedError, RejectedError, UnsureError, or SourceError when it surely did not happen.
        """
        ...

    def log(self, revision: Revision, count: int) -> Iterator[Revision]:
        """The newest `count` commits from `revision` back along first parents, lazily. Raises SourceError."""
        ...

    def find(self, revision: Revision, lines: Sequence[str]) -> Revision | None:
        """The newest commit up to `revision` whose message has all these whole lines, of the last 10,000.

        Raises SourceError.
        """
        ...

    def marked(self, revision: Revision, since: str, prefix: str) -> Iterator[Revision]:
        """The commits up to `revision`, newest first, whose messages have a line that begins with `prefix`.

        Those of the commit id `since` are left out, and what it stands on ("", or unknown: nothing is left out); of
        the rest the last 10,000. Raises SourceError.
        """
        ...

    def branches(self, prefix: str) -> Mapping[str, str]:
        """Branches of the repository whose names begin so, with their commit ids, as of now. Raises SourceError."""
        ...

    def contains(self, revision: Revision, commit: str) -> bool:
        """Whether the commit of that id is `revision` or one of those it stands on. Raises SourceError."""
        ...


class Observer(Protocol):
    """One look at one target."""

    def look(self) -> Observed:
        """Look now. Never raises for a target that does not answer: the look is then incomplete and says why."""
        ...

    def start(self, bell: Bell) -> None:
        """Begin to ring `bell` on changes, where the platform can tell; returns at once."""
        ...

    def close(self) -> None:
        """Stop."""
        ...


class Prober(Protocol):
    """The daemon's own probes of running services, in threads of its own."""

    def watch(self, target: str, instances: Iterable[Probing]) -> None:
        """From now on probe just these on a target, spread over their intervals; what goes on keeps its results."""
        ...

    def results(self, target: str) -> Mapping[str, Probed]:
        """What is known now, by `Probing.key`; those without an answer yet are missing."""
        ...

    def start(self, bell: Callable[[str], None]) -> None:
        """Begin; `bell` is rung with a target's name when something there changed. Returns at once."""
        ...

    def close(self) -> None:
        """Stop; probes under way are given up."""
        ...


class Deployer(Protocol):
    """The writes to one target. Every one of them can be repeated."""

    def render(self, service: ResolvedService) -> Rendered:
        """What would be handed over; pure. Raises RefusedError when this service cannot be rendered for this target."""
        ...

    def deploy(self, service: ResolvedService, mark: Mark, delay: float, after: tuple[Workload, ...]) -> None:
        """Start one replica under `mark`, not before `delay` seconds have passed, as the successor of `after`.

        Raises RefusedError, ConflictError, UnreachableError or UncertainError.
        """
        ...

    def cancel(self, workload: Workload, *, removal: bool) -> None:
        """End a workload that bears our mark; one that is gone already is a success. Raises TargetError.

        The first time it is asked to stop and given its grace; asked again long after that, it is ended by force.
        """
        ...

    def amend(self, service: ResolvedService, workload: Workload, mark: Mark, limit: timedelta | None) -> None:
        """Change a workload where it is: `mark` is written on it, `limit` becomes its time limit (None: as it is).

        One that waits also moves to the place in the queue that the service asks for. Raises as `deploy` does.
        """
        ...

    def repair(self, service: ResolvedService, workload: Workload, mark: Mark) -> bool:
        """Put back what `workload.drift` names; False when the platform says that there is nothing to put back.

        Raises as `deploy` does.
        """
        ...

    def estimate(self, service: ResolvedService) -> timedelta | None:
        """How long one more replica would wait for its start by the platform's own estimate; None where it has none."""
        ...

    def site(self) -> str:
        """A fingerprint of what the platform allows, for which a refusal holds; "" where it cannot be told."""
        ...

    def forget(self, service: str) -> None:
        """A service that is wanted no more: free what is remembered of it."""
        ...

    def announce(self, status: ServiceStatus, at: datetime) -> None:
        """Tell people who look at the platform of a verdict that changed at `at`, where it has a place for that.

        Best effort: returns at once, never raises, and may leave some out when there are many.
        """
        ...

    def dialect(self) -> str:
        """What rendering depends on besides the service (the kinds that a cluster has); rendered anew on a change."""
        ...

    def close(self) -> None:
        """Free what is held."""
        ...


class DataKeeper(Protocol):
    """The data that services leave on one target. Used by people (`reconciler data`), never by a turn."""

    def list(self, service: str = "") -> Iterator[Stored]:
        """What is stored there of a service, or of all, as far as it may be ours. Raises LookError."""
        ...

    def remove(self, stored: Stored) -> None:
        """Remove one of those that `list` gave; gone already is a success. To be repeated when it was cut short.

        Raises ConflictError for what does not bear our mark or is in use, and RefusedError or another TargetError.
        """
        ...

    def remove_secrets(self, service: str) -> bool:
        """Remove the secrets that were made for a service (`<service>-generated`); False when there surely were none.

        Raises TargetError.
        """
        ...

    def close(self) -> None:
        """Free what is held."""
        ...
