"""The rounds that the prober makes, inside of its event loop: who is due, who is left out, what came of it."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial

from reconciler.models.probe import Probing
from reconciler.probe.ask import ask, ask_first
from reconciler.probe.failures import NoAnswerError, ShortageError
from reconciler.probe.ledger import Ledger
from reconciler.probe.names import Names
from reconciler.probe.room import Room
from reconciler.probe.watched import Watched

_log = logging.getLogger("reconciler.probe")

#: Seconds between two lines of the log about probes that are left out on a target.
_QUIET = 60.0
#: A probe that is late by half of its interval, and by so many seconds at least, waits for its next time.
_LATE = 5.0
#: A probe that ends in that share of its time-out is quick.
_QUICK = 0.5

#: Called with a target, the seconds that a probe took, and whether the answer was good.
Tell = Callable[[str, float, bool], None]


class Rounds:
    """To be used in one event loop, from the making to `close`."""

    def __init__(
        self,
        ledger: Ledger,
        parallel: int,
        clock: Callable[[], datetime],
        tell: Tell,
        bell: Callable[[str], None],
        dropped: Counter[str],
    ) -> None:
        self._ledger = ledger
        self._parallel = parallel
        self._clock = clock
        self._tell = tell
        self._bell = bell
        self._dropped = dropped
        self._names = Names()
        self._loop = asyncio.get_running_loop()
        self._known: dict[str, dict[str, Watched]] = {}
        self._rooms: defaultdict[str, Room] = defaultdict(partial(Room, parallel))
        self._said: dict[str, float] = {}

    def watch(self, target: str, instances: Mapping[str, Probing]) -> None:
        """Probe just these on a target."""
        known = self._known.setdefault(target, {})
        gone = known.keys() - instances.keys()
        for key in gone:
            known.pop(key).stop()
        # Once more: a probe may have ended since the caller forgot them.
        self._ledger.drop(target, gone)
        now, wall = self._loop.time(), self._clock()
        for key, probing in instances.items():
            one = known.get(key)
            if one is not None and not _began_anew(one.probing, probing):
                one.probing = probing
                continue
            if one is not None:
                one.stop()
                self._ledger.drop(target, (key,))
            known[key] = Watched.make(target, probing, now, wall)
            self._arm(known[key], now)

    async def close(self) -> None:
        """Give up everything under way."""
        watched = [one for known in self._known.values() for one in known.values()]
        tasks = [one.task for one in watched if one.task]
        for one in watched:
            one.stop()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._names.close()

    def _arm(self, one: Watched, now: float) -> None:
        if one.timer:
            one.timer.cancel()
        when, between = one.due(now)
        one.timer = self._loop.call_at(when, self._begin, one, when, between)

    def _begin(self, one: Watched, when: float, between: float) -> None:
        """It is due: it is asked as soon as there is room. Either way it is due again later."""
        now = self._loop.time()
        self._arm(one, now)
        if one.task is not None:
            return
        if one.waiting:
            under_way = self._rooms[one.target].under_way
            share = f"of {self._parallel} (probes.parallel), half of them for those known to answer"
            self._leave_out(one, f"there is no room, {under_way} are under way {share}")
            return
        if now - when > max(_LATE, between / 2):  # after a stop of the whole machine all would be due at once
            self._leave_out(one, f"this process was not served for {now - when:.0f} s")
            return
        one.waiting = not self._rooms[one.target].enter(one)
        if not one.waiting:
            self._start(one)

    def _start(self, one: Watched) -> None:
        one.waiting = False
        one.task = self._loop.create_task(self._probe(one))
        # Not at the end of the probe itself: one that is given up before its first step has none.
        one.task.add_done_callback(partial(self._ended, one, quick=one.quick))

    def _ended(self, one: Watched, _: asyncio.Task[None], *, quick: bool) -> None:
        one.task = None
        following = self._rooms[one.target].leave(quick=quick)
        if following:
            self._start(following)

    def _leave_out(self, one: Watched, why: str) -> None:
        target, now = one.target, self._loop.time()
        self._dropped[target] += 1
        if now - self._said.get(target, -_QUIET) >= _QUIET:
            self._said[target] = now
            _log.warning("%s: probes are left out, %d so far: %s", target, self._dropped[target], why)

    async def _probe(self, one: Watched) -> None:
        try:
            await self._ask(one)
        except ShortageError as error:
            self._leave_out(one, str(error))
        except Exception:  # noqa: BLE001 - a fault of ours with one answer must not end the rounds
            _log.exception("%s: the probe of %s failed", one.target, one.probing.service)

    async def _ask(self, one: Watched) -> None:
        probing, began = one.probing, self._loop.time()
        why = ""
        took = 0.0
        try:
            try:
                await ask(self._names, probing)
            finally:
                took = self._loop.time() - began
            if one.needs_first() and probing.probe.first_request:
                await ask_first(self._names, probing, probing.probe.first_request)
        except NoAnswerError as error:
            why = str(error)
        now = self._loop.time()
        one.quick = now - began < _QUICK * probing.probe.timeout.total_seconds()
        before = one.standing.up
        entry = one.take(seconds=took, now=now, why=why)
        self._ledger.put(one.target, probing.key, entry)
        self._tell(one.target, took, not why)
        if entry.up is not before:
            self._arm(one, now)
            self._bell(one.target)


def _began_anew(before: Probing, after: Probing) -> bool:
    return before.since is not None and after.since is not None and after.since > before.since
