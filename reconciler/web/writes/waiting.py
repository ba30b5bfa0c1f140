"""Answers that go on until what was asked for has come true: one look at the board after each post, for each waiter."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from anyio.to_thread import run_sync

from reconciler.board import Board
from reconciler.errors import SourceError
from reconciler.models.text import visible
from reconciler.models.units import format_duration
from reconciler.proposals import ServerService
from reconciler.proposals.waiting import Index, Standing, gone, healthy
from reconciler.shapes.proposals import AcceptedShape
from reconciler.shapes.waiting import DoneShape, StandingShape, Until
from reconciler.web.streams.sse import block
from reconciler.web.streams.waking import BEAT, Streams

#: Seconds for which a service must have failed before that counts: the daemon may try again meanwhile.
PATIENCE = 10.0


@dataclass(frozen=True, slots=True)
class Wish:
    """What is waited for, of which service, for how many seconds, and the commit that it needs ("": the present)."""

    name: str
    until: Until
    seconds: float
    commit: str = ""


class Waiting:
    """Tells those who wait how far it is. For the server's loop only."""

    def __init__(
        self,
        board: Board,
        service: ServerService,
        streams: Streams,
        clock: Callable[[], datetime],
        targets: tuple[str, ...],
        patience: float = PATIENCE,
    ) -> None:
        self._board = board
        self._service = service
        self._streams = streams
        self._clock = clock
        self._targets = targets
        self._patience = patience
        self._indexes: dict[str, Index] = {}

    async def follow(self, wish: Wish, accepted: AcceptedShape | None = None) -> AsyncGenerator[bytes]:
        """Server-sent events: `accepted` where there is one, `verdict` whenever it is another one, and `done`.

        Without `done` at the end, the daemon was stopped: who wants to know asks again.
        """
        if accepted is not None:
            yield block("accepted", accepted.model_dump_json())
        watch = _Watch(wish, self._clock(), time.monotonic() + wish.seconds)
        if accepted is not None and accepted.review:
            watch.end = "the change waits for review on its branch"
        with self._board.watching("wait"):
            told: StandingShape | None = None
            while watch.goes_on() and not self._streams.closing:
                tick = self._streams.tick()
                now = await self._look(watch)
                if now != told:
                    told = now
                    yield block("verdict", now.model_dump_json())
                if watch.goes_on() and not await self._streams.wait(tick, watch.pause()):
                    yield b": still here\n\n"
        if watch.end is not None:
            done = DoneShape.of(wish.name, wish.until, watch.end or None)
            yield block("done", done.model_dump_json(exclude_none=True))

    async def _look(self, watch: _Watch) -> StandingShape:
        """How far it is now."""
        wish, asked = watch.wish, self._service.desired
        has = asked is not None and await self._has(watch, asked.revision.sha)
        desired = self._service.desired  # perhaps a newer one by now: that is the one that surely has the commit
        if desired is None or not has:
            return watch.see(Standing(None, end=self._refused(watch)), self._missing(wish.commit), "")
        lines, indexes = self._board.find(wish.name), self._index()
        if wish.until == "healthy":
            standing = healthy(wish.name, desired, lines, indexes, changed=bool(wish.commit))
        else:
            now = self._clock()
            seen = {name: one for name, one in indexes.items() if one.view.seen.at <= now}  # or the clock was set back
            standing = gone(wish.name, desired, lines, seen, watch.since(now), self._targets)
        return watch.see(standing, "no turn has come to it yet", desired.revision.short, self._patience)

    async def _has(self, watch: _Watch, revision: str) -> bool:
        """Whether the commit that is waited for is in force; asked once for each revision."""
        if not watch.in_force and watch.revision != revision:
            commit = watch.wish.commit
            try:
                has = not commit or await run_sync(self._service.is_in_force, commit)
            except SourceError:
                return False  # asked again at the next post
            watch.revision = revision
            watch.in_force = time.monotonic() if has else 0.0
        return bool(watch.in_force)

    def _missing(self, commit: str) -> str:
        error = self._board.source.error
        return f"commit {commit[:12]} is not in force yet" + (f": {error}" if error else "")

    def _refused(self, watch: _Watch) -> str | None:
        """Why a commit will not come into force: the head that was fetched since then is refused."""
        source = self._board.source
        refused = source.verified is False and source.error and source.fetched and source.fetched > watch.began
        return source.error if refused else None

    def _index(self) -> Mapping[str, Index]:
        """The newest views, each indexed once for all who wait."""
        known = self._indexes
        views = {view.target: view for view in self._board.views()}
        self._indexes = {
            name: known[name] if name in known and known[name].view is view else Index(view)
            for name, view in views.items()
        }
        return self._indexes


class _Watch:
    """One who waits: what was told last, and since when it has looked bad."""

    def __init__(self, wish: Wish, began: datetime, until: float) -> None:
        self.wish = wish
        self.began = began
        self.revision = ""
        self.in_force = 0.0
        self.end: str | None = None
        self._until = until
        self._doubted: float | None = None
        self._patience = 0.0

    def goes_on(self) -> bool:
        """Whether there is still something to wait for."""
        return self.end is None

    def since(self, now: datetime) -> datetime:
        """When it came into force, by a clock that says `now`: it may have been set meanwhile."""
        return now - timedelta(seconds=time.monotonic() - self.in_force)

    def pause(self) -> float:
        """Seconds until it must be looked at again, whatever happens."""
        now = time.monotonic()
        doubt = BEAT if self._doubted is None else self._doubted + self._patience - now
        return max(0.05, min(BEAT, doubt, self._until - now))

    def see(self, standing: Standing, nothing: str, revision: str, patience: float = 0.0) -> StandingShape:
        """How far it is, to be told; `nothing` says so where there is no line of the table yet."""
        now = time.monotonic()
        self._patience = patience
        self._doubted = (self._doubted or now) if standing.doubt else None
        told = _told(self.wish.name, standing, nothing, revision)
        late = now >= self._until
        if standing.end is not None:
            self.end = visible(standing.end)
        elif standing.doubt and (late or now - (self._doubted or now) >= patience):
            self.end = visible(standing.doubt)
        elif late:
            limit = format_duration(timedelta(seconds=self.wish.seconds))
            self.end = f"not {self.wish.until} within {limit}: {told.why or told.health}"
        return told


def _told(name: str, standing: Standing, nothing: str, revision: str) -> StandingShape:
    line = standing.line
    if line is None:
        why = visible(nothing if standing.end is None else standing.end)
        taken = standing.taken
        return StandingShape(
            service=name, target="", state="Absent", health="Pending", why=why, revision=revision, taken=taken
        )
    return StandingShape(
        service=name,
        target=line.target,
        state=line.state.value,
        health=line.health.value,
        since=line.since,
        why=visible(line.why),
        revision=revision,
        taken=standing.taken,
    )
