"""The long-running daemon: starts every part, waits for the end, stops every part within seconds."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from reconciler.board import Board
from reconciler.daemon.build import make_feed, make_prober, make_turn, make_worlds
from reconciler.daemon.feed import Feed
from reconciler.daemon.lock import StateLock
from reconciler.daemon.loop import TargetLoop
from reconciler.daemon.office import Office, myself
from reconciler.daemon.outputs import TargetOutputs
from reconciler.daemon.sd_file import SdFile
from reconciler.errors import SettingsError
from reconciler.metrics import utc_now
from reconciler.proposals import ServerService
from reconciler.settings import HttpSettings, Settings
from reconciler.web import PageServer, make_app

_log = logging.getLogger("reconciler.daemon")

#: Seconds that turns under way have to end after a stop; writes under way are never cut.
_GRACE = 4.0


def run_daemon(settings: Settings, stop: threading.Event, ready: Callable[[str, Board], None]) -> None:
    """Serve until `stop` is set. `ready` is called with the pages' address and the board once it may act.

    Raises SettingsError when the settings cannot be used (address taken, unreadable kubeconfig, …).
    """
    board = Board()
    with ExitStack() as stack:
        lock = StateLock(settings.state)
        stack.callback(lock.release)
        pages = _open_pages(settings.http, lock, stop)
        if pages is None:
            return
        stack.callback(pages.close)
        office = Office(settings, board)
        service = ServerService(board, office.desired, office.propose, myself("daemon"), in_force=office.has)
        outputs, targets = TargetOutputs(settings), tuple(settings.targets)
        stack.callback(outputs.close)
        app = make_app(board, utc_now, targets, outputs.last, outputs, service=service, http=settings.http)
        pages.start(app)
        if lock.acquire(stop):
            if settings.http.socket:
                _open_socket(pages, settings.state / "api.sock")
            _tell_address(settings.state / "http", pages.address)
            ready(pages.address, board)
            _serve(settings, board, lock, office, stop)
    _log.info("stopped")


def _tell_address(path: Path, address: str) -> None:
    """For the other verbs on this machine; in one step, so that nobody reads a half."""
    young = path.with_name(".http.new")
    young.write_text(address + "\n", "utf-8")
    young.replace(path)


def _open_socket(pages: PageServer, path: Path) -> None:
    """Some parallel file systems have no sockets; services are kept all the same."""
    try:
        pages.open_socket(path)
    except SettingsError as error:
        _log.warning("%s; verbs that write need a token and http.listen until then", error)


def _open_pages(http: HttpSettings, lock: StateLock, stop: threading.Event) -> PageServer | None:
    """The pages; where the daemon that holds the lock has the address too, only after it has ended (None: stopped)."""
    if advice := http.advice():
        _log.warning("%s", advice)
    try:
        return PageServer(http.listen, http.limits, http.tls)
    except SettingsError:
        if lock.acquire_now():
            raise
    return PageServer(http.listen, http.limits, http.tls) if lock.acquire(stop) else None


def _serve(settings: Settings, board: Board, lock: StateLock, office: Office, stop: threading.Event) -> None:
    with ExitStack() as stack:
        worlds = stack.enter_context(make_worlds(settings, lock))
        board.expect({name: target.kind for name, target in settings.targets.items()})
        source, feed = stack.enter_context(make_feed(settings, board))
        prober = make_prober(settings, board)
        turns = {name: make_turn(settings, world, board, prober) for name, world in worlds.items()}
        loops = [TargetLoop(world, turns[name], feed, stop) for name, world in worlds.items()]
        for loop, world in zip(loops, worlds.values(), strict=True):
            world.observer.start(loop.ring)
            world.contend(loop.ring)
        if prober is not None:
            bells = dict(zip(worlds, loops, strict=True))
            prober.start(lambda target: bells[target].ring())
            stack.callback(prober.close)
        bell = threading.Event()
        reader = threading.Thread(target=partial(_read, feed, loops, bell, stop), name="source", daemon=True)
        source.watch(bell.set)
        office.open(source, feed, bell.set)
        for thread in (reader, *loops, *_sd_file(settings, board, stop)):
            thread.start()
        stop.wait()
        _log.info("stopping: turns under way end first")
        bell.set()
        _end(loops, [turn.close for turn in turns.values()], reader)


def _sd_file(settings: Settings, board: Board, stop: threading.Event) -> list[SdFile]:
    """What writes the file for file_sd, where there is to be one."""
    path, interval = settings.discovery.file, settings.discovery.interval.total_seconds()
    return [SdFile(path, interval, board, tuple(settings.targets), stop)] if path else []


def _read(feed: Feed, loops: Sequence[TargetLoop], bell: threading.Event, stop: threading.Event) -> None:
    """Look at the repository whenever the bell rings. It is cleared before the look, so that no push is lost."""
    while not stop.is_set():
        bell.clear()
        try:
            changed = feed.refresh()
        except Exception:  # noqa: BLE001 - a fault of ours with one revision must not end the thread
            _log.exception("the revision could not be read")
            changed = False
        if changed:
            for loop in loops:
                loop.ring()
        bell.wait(5 if feed.desired is None else None)


def _end(loops: Sequence[TargetLoop], closers: Sequence[Callable[[], None]], reader: threading.Thread) -> None:
    until = time.monotonic() + _GRACE
    for loop in loops:
        loop.ring()
    ends = [threading.Thread(target=close, daemon=True) for close in closers]
    for end in ends:
        end.start()
    for thread in (*ends, *loops, reader):
        thread.join(max(0.0, until - time.monotonic()))
    for loop in loops:
        if loop.is_alive():
            _log.warning("%s did not end in time; its last write goes on by itself", loop.name)
