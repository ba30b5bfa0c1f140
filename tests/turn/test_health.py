"""Whole turns over services that run and are not healthy, by the platform's word or by the daemon's own probe."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from reconciler.board import Board
from reconciler.desired.load import Desired
from reconciler.models.health import Health
from reconciler.models.probe import Probed, Probing
from reconciler.models.status import ServiceStatus
from reconciler.models.workload import Instance
from reconciler.plan import ReactionLimits
from reconciler.settings import SlurmTarget
from reconciler.turn import Report, Turn, World
from tests.fakes import START, FakePlatform
from tests.samples import REVISION, recipe, resolved
from tests.turn.test_turn import Past

SETTINGS = {"kind": "slurm", "folders": {"data": "/d", "logs": "/l"}}
LONG = 3600.0


@dataclass
class FakeProber:
    """What is watched, and answers that a test gives, by the key of an instance."""

    watched: dict[str, Probing] = field(default_factory=dict)
    answers: dict[str, Probed] = field(default_factory=dict)

    def watch(self, target: str, instances: Iterable[Probing]) -> None:
        assert target == "fake"
        self.watched = {one.key: one for one in instances}

    def results(self, target: str) -> Mapping[str, Probed]:
        assert target == "fake"
        return {key: self.answers[key] for key in self.watched.keys() & self.answers.keys()}

    def start(self, bell: Callable[[str], None]) -> None:
        del bell

    def close(self) -> None:
        pass


class Room:
    """One target with its turn; the services on it were healthy for an hour."""

    def __init__(self, probes: str = "job", reactions: ReactionLimits | None = None, services: str = "abcde") -> None:
        self.platform, self.prober, self.board = FakePlatform(), FakeProber(), Board()
        target = SlurmTarget.model_validate({**SETTINGS, "probes": probes})
        world = World("fake", target, self.platform, self.platform)
        self._turn = Turn(world, "owner", 0.2, self.board, lambda: self.platform.now, self.prober, reactions)
        self.services = [resolved(name) for name in services]
        self.turn()
        self.platform.wait(LONG)
        for key, one in self.platform.workloads.items():
            self.platform.workloads[key] = replace(one, instances=(Instance(key, "n1", up=True),))

    def turn(self) -> Report:
        return self._turn.run(Desired(REVISION, {one.name: one for one in self.services}), Past())

    def sicken(self, *names: str) -> None:
        """The jobs of some services say that they are not healthy any more."""
        for key, one in self.platform.workloads.items():
            if one.mark.service in names:
                sick = replace(
                    one, health=Health.DEGRADED, unhealthy=self.platform.now, reason="its health probe fails"
                )
                self.platform.workloads[key] = sick

    def restarted(self) -> list[str]:
        """What was written of late."""
        writes = list(self.platform.writes)
        self.platform.writes.clear()
        return writes

    def line(self, name: str) -> ServiceStatus:
        return self.board.services("fake")[name]

    def close(self) -> None:
        self._turn.close()


@pytest.fixture
def room() -> Iterator[Room]:
    made = Room()
    made.restarted()
    yield made
    made.close()


def test_one_that_stays_unhealthy_is_restarted_with_a_successor_and_counted(room: Room) -> None:
    room.sicken("a")
    room.turn()
    assert room.line("a").health is Health.DEGRADED
    assert room.line("a").unhealthy == room.platform.now
    room.platform.wait(299)
    room.turn()
    assert room.restarted() == []
    room.platform.wait(1)
    report = room.turn()
    assert room.restarted() == ["deploy a.0", "cancel a.0"]
    assert room.board.tallies().restarts == {("fake", "a", "unhealthy"): 1}
    (outcome,) = report.outcomes
    assert outcome.seconds > 0
    assert room.turn().plan.actions == ()
    assert "attempt 1" in room.line("a").why


def test_when_most_turn_unhealthy_together_none_is_restarted_and_the_target_says_why(room: Room) -> None:
    room.sicken("a", "b", "c")
    room.platform.wait(600)
    room.turn()
    assert room.restarted() == []
    held = room.board.status().targets["fake"].restarts_held
    assert held.startswith("3 of 5 running replicas became unhealthy within 1s")
    assert "not restarted now" in room.line("a").why
    for key, one in room.platform.workloads.items():
        room.platform.workloads[key] = replace(one, health=Health.HEALTHY, unhealthy=None, reason="")
    room.turn()
    assert room.board.status().targets["fake"].restarts_held == ""
    assert room.restarted() == []


def test_a_mass_failure_is_logged_once_for_its_target(room: Room, caplog: pytest.LogCaptureFixture) -> None:
    room.sicken("a", "b", "c")
    for _ in range(3):
        room.platform.wait(400)
        room.turn()
    assert caplog.text.count("restarts are held") == 1
    assert caplog.text.count("hold a:") == 1


def test_the_share_and_the_hold_are_the_operators() -> None:
    room = Room(reactions=ReactionLimits(share=1.0, hold=1.0))
    room.restarted()
    room.sicken("a", "b", "c")
    room.platform.wait(600)
    room.turn()
    assert sorted(room.restarted()) == sorted(f"{verb} {name}.0" for name in "abc" for verb in ("deploy", "cancel"))
    room.close()


def test_the_daemons_own_probe_counts_where_the_target_says_so() -> None:
    room = Room(probes="daemon")
    room.restarted()
    room.turn()
    assert sorted(room.prober.watched) == ["1/1", "2/2", "3/3", "4/4", "5/5"]
    now = room.platform.now
    key = next(one.key for one in room.prober.watched.values() if one.service == "a")
    assert room.prober.watched[key].since == START
    room.prober.answers[key] = Probed(up=False, since=now, at=now, why="GET /: 503, expected 200 to 399")
    room.turn()
    assert room.line("a").health is Health.DEGRADED
    assert room.line("a").why == "its HTTP probe from here fails: GET /: 503, expected 200 to 399"
    (serving,) = room.line("a").serving
    assert (serving.up, serving.answers) == (False, False)
    room.platform.wait(301)
    room.prober.answers[key] = replace(room.prober.answers[key], at=room.platform.now)
    room.turn()
    assert room.restarted() == ["deploy a.0", "cancel a.0"]
    room.close()


def test_an_answer_that_comes_later_is_on_the_board_though_nothing_else_changed() -> None:
    room = Room(probes="daemon", services="a")
    room.turn()
    assert [one.answers for one in room.line("a").serving] == [None]
    room.prober.answers["1/1"] = Probed(up=True, since=room.platform.now, at=room.platform.now)
    room.turn()
    assert [one.answers for one in room.line("a").serving] == [True]
    room.close()


def test_nothing_is_asked_from_here_where_jobs_ask_themselves_nor_where_only_a_command_tells(room: Room) -> None:
    room.turn()
    assert room.prober.watched == {}
    asks = Room(probes="daemon", services="")
    health = {"exec": {"command": ["true"]}, "startup": "1s", "interval": "1s", "timeout": "1s"}
    asks.services = [resolved("x", of=recipe(health=health)), resolved("y", suspend=True)]
    asks.turn()
    asks.turn()
    assert asks.prober.watched == {}
    asks.close()


def test_a_look_that_failed_leaves_what_is_watched() -> None:
    room = Room(probes="daemon", services="a")
    room.turn()
    room.platform.broken = "no answer"
    room.turn()
    assert list(room.prober.watched) == ["1/1"]
    room.close()


def test_a_service_that_is_never_to_be_restarted_is_only_shown() -> None:
    room = Room(services="")
    health = {"http": {"port": "http", "path": "/"}, "startup": "1s", "interval": "1s", "timeout": "1s"}
    room.services = [resolved("x", of=recipe(health={**health, "restartAfter": None}))]
    room.turn()
    room.restarted()
    room.sicken("x")
    room.platform.wait(timedelta(days=3).total_seconds())
    room.turn()
    assert room.restarted() == []
    assert room.line("x").health is Health.DEGRADED
    room.close()
