"""Watchers, readers and a writer at once, beside a daemon's working loop."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from threading import Event, Thread
from typing import Any

from tests.bench.daemon import pid_of
from tests.bench.process import cpu_seconds, memory
from tests.bench.report import Table, short
from tests.bench.workload import name_of
from tests.bench.wrk import read
from tests.e2e.still import StillDesk
from tests.e2e.world import metric, page

SERVICES = 1_000
TARGET = "slurm"
_WATCHERS = 500
_RATE, _READERS = 200, 24
_SECONDS, _SHORT = 60, 20
_CALM = 10
_TURN = "reconciler_turn_duration_seconds"


def settle(desk: StillDesk, count: int) -> None:
    """Wait until so many services are shown and have a state, and a while longer."""
    desk.wait("all are shown", lambda shape: len(shape.services) == count, 300)
    desk.wait("all have a state", lambda shape: all(one.state not in {"Unknown", ""} for one in shape.services), 300)
    time.sleep(_CALM)


@dataclass(frozen=True)
class Spell:
    """A time of the daemon: turns, seconds that one took, CPU in cores, MiB."""

    turns: int
    turn: float
    cpu: float
    memory: float


class Watching:
    """The time from now to `end`."""

    def __init__(self, desk: StillDesk) -> None:
        self._desk = desk
        self._began, self._before = time.monotonic(), self._now()
        self._sizes: list[float] = []
        self.sample()

    def end(self) -> Spell:
        """What there was."""
        turns, spent, cpu = (after - before for after, before in zip(self._now(), self._before, strict=True))
        took = time.monotonic() - self._began
        return Spell(int(turns), spent / max(turns, 1), cpu / took, median(self._sizes))

    def sample(self) -> None:
        """Look at its memory, which goes up and down with each turn."""
        self._sizes.append(memory(pid_of(self._desk)).now)

    def _now(self) -> tuple[float, float, float]:
        text = page(self._desk.state, "/metrics")
        turns, spent = (metric(text, f"{_TURN}_{part}", target=TARGET) or 0.0 for part in ("count", "sum"))
        return turns, spent, cpu_seconds(pid_of(self._desk))


def measure(desk: StillDesk, folder: Path) -> Table:
    quiet = _spell(desk, _SHORT)
    with _watchers(desk) as ask:
        ask()
        watched = _spell(desk, _SHORT)
        first = ask()
        spell = Watching(desk)
        with _changes(desk) as written:
            reads = read(f"{desk.address}/services", desk.tokens["read"], _SECONDS, folder, _READERS, _RATE)
            spell.sample()
        loaded = spell.end()
        last = ask()
    each = (watched.memory - quiet.memory) * 1024 / _WATCHERS
    rows = [
        ("nobody", *_spell_cells(quiet), "", "", "", "", ""),
        (f"{_WATCHERS} watchers", *_spell_cells(watched), "", "", "", str(first["events"]), str(first["lost"])),
        (
            "and reads, and a commit a second",
            *_spell_cells(loaded),
            f"{reads.rate:.0f}",
            short(reads.p50),
            short(reads.p99),
            str(last["events"]),
            str(last["lost"]),
        ),
    ]
    columns = ("beside the loop", "turns", "a turn", "CPU", "memory", "reads/s", "p50", "p99", "events", "lost")
    notes = (
        f"{SERVICES:,} services, a turn each second. {_WATCHERS} watchers of /events: {each:.0f} KiB each.",
        f"The last row: {_RATE} GET /services a second are asked for, {_SECONDS} s ({reads.wrong} wrong answers).",
        f"Changes that were proposed meanwhile: {len(written)}; other answers than 202: {counted(written)}.",
        "events: those that all watchers got; lost: streams that ended.",
    )
    return Table("Watchers and reads beside a working loop", columns, rows, notes)


def counted(statuses: Sequence[int]) -> str:
    others = sorted({one for one in statuses if one != 202})
    return ", ".join(f"{statuses.count(one)} of {one}" for one in others) or "none"


def _spell(desk: StillDesk, seconds: float) -> Spell:
    spell = Watching(desk)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        time.sleep(0.5)
        spell.sample()
    return spell.end()


def _spell_cells(one: Spell) -> tuple[str, ...]:
    return str(one.turns), short(one.turn), f"{one.cpu:.2f}", f"{one.memory:.0f} MiB"


@contextmanager
def _watchers(desk: StillDesk) -> Iterator[Any]:
    """Watchers in a process of their own; what is given asks them what they have seen since the last time."""
    place, _, port = desk.address.removeprefix("http://").rpartition(":")
    argv = [sys.executable, "-m", "tests.bench.watchers", place, port, desk.tokens["read"], str(_WATCHERS)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as crowd:
        assert crowd.stdin
        assert crowd.stdout

        def ask() -> dict[str, Any]:
            assert crowd.stdin
            assert crowd.stdout
            crowd.stdin.write("?\n")
            crowd.stdin.flush()
            seen: dict[str, Any] = json.loads(crowd.stdout.readline())
            return seen

        until = time.monotonic() + 60
        while ask()["connected"] < _WATCHERS:
            if time.monotonic() > until:
                raise RuntimeError(f"not all watchers came: {ask()}")
            time.sleep(0.2)
        yield ask
        crowd.stdin.close()


@contextmanager
def _changes(desk: StillDesk) -> Iterator[list[int]]:
    """A service is suspended or resumed once a second; the statuses of the answers."""
    statuses: list[int] = []
    stop = Event()

    def change() -> None:
        with desk.open() as client:
            number = 0
            while not stop.wait(1.0):
                verb = "resume" if number % 2 else "suspend"
                statuses.append(client.post(f"/services/{name_of(number // 2)}/{verb}").status_code)
                number += 1

    thread = Thread(target=change)
    thread.start()
    try:
        yield statuses
    finally:
        stop.set()
        thread.join()
