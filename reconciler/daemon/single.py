"""One full pass without a daemon: for `once`, `plan` and a `status` without one."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass

from reconciler.board import Board
from reconciler.daemon.build import make_feed, make_turn, make_worlds
from reconciler.daemon.feed import Feed
from reconciler.daemon.lock import StateLock
from reconciler.desired.load import Desired
from reconciler.errors import SourceError, TargetError
from reconciler.models.status import Status, View
from reconciler.settings import Settings
from reconciler.turn import Report, Turn, World

#: Seconds that a first look may take where it needs several answers (a watch cache), and the lock may be waited for.
_PATIENCE = 15.0


@dataclass(frozen=True, slots=True)
class Pass:
    """What one pass came to, target by target. `views` is what each turn worked from."""

    desired: Desired
    reports: Mapping[str, Report]
    status: Status
    views: tuple[View, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether a file is bad, a look was incomplete or an action failed."""
        return bool(self.desired.complaints) or any(report.failed for report in self.reports.values())


def single_pass(settings: Settings, *, act: bool) -> Pass:
    """Fetch, look at every target, decide, and act when `act`. Raises SourceError, TargetError, SettingsError."""
    board = Board()
    with ExitStack() as stack:
        lock = _lock(settings, stack) if act else None
        _, feed = stack.enter_context(make_feed(settings, board))
        feed.refresh()
        desired = feed.desired
        if desired is None:
            raise SourceError(board.status().source.error)
        worlds = stack.enter_context(make_worlds(settings, lock))
        turns = {name: make_turn(settings, world, board) for name, world in worlds.items()}
        for turn in turns.values():
            stack.callback(turn.close)
        with ThreadPoolExecutor(max(1, len(worlds)), thread_name_prefix="pass") as pool:
            jobs = {name: pool.submit(_turn, worlds[name], turns[name], feed, desired, act=act) for name in worlds}
            reports = {name: job.result() for name, job in jobs.items()}
        return Pass(desired, reports, board.status(), board.views())


def _lock(settings: Settings, stack: ExitStack) -> StateLock:
    lock = StateLock(settings.state)
    stack.callback(lock.release)
    too_long = threading.Event()
    timer = threading.Timer(_PATIENCE, too_long.set)
    timer.daemon = True
    timer.start()
    stack.callback(timer.cancel)
    if not lock.acquire(too_long):
        raise TargetError(f"another daemon works with {settings.state}; stop it first, or let it do the work")
    return lock


def _turn(world: World, turn: Turn, feed: Feed, desired: Desired, *, act: bool) -> Report:
    world.observer.start(lambda: None)
    if act:
        world.contend(lambda: None)
    until = time.monotonic() + _PATIENCE
    while world.target.kind == "kubernetes" and time.monotonic() < until:
        if world.observer.look().complete and not (act and world.stands_by()):
            break
        time.sleep(0.1)
    return turn.run(desired, feed, act=act)
