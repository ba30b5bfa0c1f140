"""The newest desired state: fetched, read, and kept while the repository cannot be reached."""

from __future__ import annotations

import gc
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from functools import partial

from reconciler.board import Board
from reconciler.desired.load import Desired, Loader
from reconciler.errors import SourceError
from reconciler.metrics import utc_now
from reconciler.models.revision import Change, Revision
from reconciler.models.status import SourceStatus
from reconciler.ports import Source

_log = logging.getLogger("reconciler.feed")

#: Revisions between two whole collections of garbage.
_COLLECT = 20


class Feed:
    """Holds the latest Desired; one thread refreshes it, many read it."""

    def __init__(self, source: Source, loader: Loader, board: Board, clock: Callable[[], datetime] = utc_now) -> None:
        self._source = source
        self._loader = loader
        self._board = board
        self._clock = clock
        self._fetched: datetime | None = None
        self._seconds = 0.0
        self._desired: Desired | None = None
        self._failure = ""
        self._revisions = 0

    @property
    def desired(self) -> Desired | None:
        """What is wanted by the newest revision that could be read; None before the first."""
        return self._desired

    @property
    def failure(self) -> str:
        """Why the repository could not be read the last time, or its head is not in force; "" when all is well."""
        return self._failure

    def refresh(self) -> bool:
        """Look at the repository; whether there is a new revision. Raises nothing: an error goes to the board."""
        before = self._desired
        try:
            revision = self._fetch()
            refused = self._source.trust.refused
            if refused and refused != self._failure:
                _log.warning("%s", refused, extra={"action": "refuse", "revision": revision.short, "reason": refused})
            if before is not None and before.revision.sha == revision.sha:
                self._failure, self._fetched = refused, self._clock()
                self._post(before, refused)
                return False
            snapshot = self._source.read(revision)
            earlier, history = partial(self._source.earlier, revision), partial(self._source.history, revision)
            desired = self._loader.load(snapshot, earlier, history)
        except SourceError as error:
            _log.warning("the repository cannot be read: %s", error)
            self._failure = str(error)
            self._post(before, self._failure)
            return False
        self._desired, self._failure, self._fetched = desired, refused, self._clock()
        self._spare_the_collector()
        self._post(desired, refused)
        extra = {"action": "read", "revision": revision.short}
        _log.info("revision %s by %s: %s", revision.short, revision.author, revision.subject, extra=extra)
        told = frozenset(before.complaints) if before else frozenset()
        for complaint in desired.complaints:
            if complaint not in told:
                _log.error("%s", complaint)
        return True

    def _fetch(self) -> Revision:
        """The head, and how long it took to learn of it."""
        began = time.monotonic()
        try:
            return self._source.refresh()
        finally:
            self._seconds = time.monotonic() - began
            self._board.count_fetch(self._seconds)

    def _spare_the_collector(self) -> None:
        """Thousands of services that stay as they are need not be gone through at every collection.

        Now and then they are: what was frozen with them and is rubbish since would stay for ever otherwise.
        """
        gc.unfreeze()
        self._revisions += 1
        if self._revisions % _COLLECT == 0:
            gc.collect()
        gc.freeze()

    def _post(self, desired: Desired | None, error: str = "") -> None:
        known = SourceStatus(desired.revision, error, desired.complaints, desired.held) if desired else None
        verified = self._source.trust.verified
        status = replace(known or SourceStatus(error=error), verified=verified)
        self._board.post_source(replace(status, fetched=self._fetched, seconds=self._seconds))

    def history(self) -> Iterator[Change]:
        """The commits behind the desired state in force, newest first."""
        if self._desired is None:
            return iter(())
        return self._source.history(self._desired.revision)

    def messages(self, since: Revision) -> Iterator[str]:
        """The messages of `since` and of all later commits, up to the desired state in force."""
        if self._desired is None:
            return iter(())
        return self._source.messages(self._desired.revision, since)
