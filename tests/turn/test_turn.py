"""Whole turns on a platform over a dict, in virtual time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler.board import Board
from reconciler.desired.load import Desired
from reconciler.errors import ConflictError, RefusedError, UncertainError, UnreachableError
from reconciler.models.health import Health
from reconciler.models.revision import Change, File, Revision
from reconciler.models.status import ServiceStatus, State
from reconciler.models.wanted import ResolvedService
from reconciler.models.workload import Drift, Mark, Phase, Workload
from reconciler.settings import SlurmTarget
from reconciler.turn import Turn, World
from tests.fakes import FakePlatform
from tests.samples import REVISION, resolved

TARGET = SlurmTarget.model_validate({"kind": "slurm", "folders": {"data": "/d", "logs": "/l"}, "parallel": 4})


class Past:
    """A history in which one commit removed some services."""

    def __init__(self, *removed: str, message: str = "", failure: str = "") -> None:
        self.failure = failure
        text = "apiVersion: reconciler/v1\nkind: Service\nmetadata: {name: %s}\nspec: {recipe: web}\n"
        files = {f"desired/{name}.yaml": (File(name, name, text % name), None) for name in removed}
        self._change = Change(replace(REVISION, message=f"removal\n\n{message}"), files)

    def history(self) -> Iterator[Change]:
        return iter([self._change])

    def messages(self, since: Revision) -> Iterator[str]:
        return iter([since.message])


class Room:
    """One target with its turn."""

    def __init__(self) -> None:
        self.platform = FakePlatform()
        self.board = Board()
        self.leads = True
        self.revisions = 0
        world = World(
            "fake", TARGET, self.platform, self.platform, lambda: "" if self.leads else "another daemon holds the lease"
        )
        self._turn = Turn(world, "owner", 0.2, self.board, lambda: self.platform.now)

    def turn(
        self, *services: ResolvedService, past: Past | None = None, held: dict[str, str] | None = None
    ) -> list[str]:
        """One turn, of a revision of its own; what it wrote."""
        before = len(self.platform.writes)
        self.revisions += 1
        revision = replace(REVISION, sha=f"{self.revisions:040x}")
        desired = Desired(revision, {one.name: one for one in services}, held=held or {})
        self._turn.run(desired, past or Past())
        return sorted(self.platform.writes[before:])

    def line(self, name: str) -> ServiceStatus:
        return self.board.services("fake")[name]

    def close(self) -> None:
        self._turn.close()


@pytest.fixture
def room() -> Iterator[Room]:
    made = Room()
    yield made
    made.close()


def test_a_second_turn_has_nothing_to_do(room: Room) -> None:
    services = resolved("a", replicas=2), resolved("b")
    assert room.turn(*services) == ["deploy a.0", "deploy a.1", "deploy b.0"]
    assert room.turn(*services) == []
    assert room.line("a").health is Health.HEALTHY
    assert room.line("a").ready == 2


def test_rule_1_a_broken_look_writes_nothing_and_shows_unknown(room: Room) -> None:
    room.turn(resolved("a"), resolved("b"))
    room.platform.broken = "no answer"
    assert room.turn(resolved("c")) == []
    assert room.line("c").state is State.UNKNOWN
    room.platform.broken = ""
    assert room.turn(resolved("a"), resolved("b")) == []


def test_rule_4_too_many_removals_wait_for_leave(room: Room) -> None:
    services = [resolved(name) for name in "abcd"]
    room.turn(*services)
    assert room.turn(services[0], past=Past("b", "c", "d")) == []
    assert "Reconciler-Allow-Removals: 3" in room.line("b").why
    given = Past("b", "c", "d", message="Reconciler-Allow-Removals: 3")
    assert room.turn(services[0], past=given) == ["cancel b.0", "cancel c.0", "cancel d.0"]


def test_nothing_is_removed_while_the_repository_cannot_be_read_which_may_want_it_again(room: Room) -> None:
    """Another daemon may have deployed it from a newer revision before the lease passed to this one."""
    room.turn(resolved("a"), resolved("b"))
    assert room.turn(resolved("a"), past=Past("b", failure="no route to host")) == []
    assert "newer revisions may want it: no route to host" in room.line("b").why
    assert room.turn(resolved("a"), past=Past("b")) == ["cancel b.0"]


def test_a_service_that_moved_to_another_target_is_no_removal(room: Room) -> None:
    services = [resolved(name) for name in "abcd"]
    room.turn(*services)
    moved = [replace(one, target="elsewhere") for one in services]
    assert room.turn(*moved) == [f"cancel {name}.0" for name in "abcd"]


def test_rule_7_who_does_not_lead_looks_and_writes_nothing(room: Room) -> None:
    room.leads = False
    assert room.turn(resolved("a")) == []
    assert room.board.status().targets["fake"].why == "another daemon holds the lease"
    room.leads = True
    assert room.turn(resolved("a")) == ["deploy a.0"]


def test_a_refusal_is_held_and_hinders_no_other(room: Room) -> None:
    room.platform.refuse = {"a": RefusedError("no such partition")}
    assert room.turn(resolved("a"), resolved("b")) == ["deploy b.0"]
    assert (room.line("a").state, room.line("a").why) == (State.HELD, "no such partition")
    room.platform.refuse = {}
    room.platform.wait(30)
    assert room.turn(resolved("a"), resolved("b")) == []
    assert room.turn(resolved("a", config={"x": "changed"}), resolved("b")) == ["deploy a.0"]


def test_a_refused_successor_leaves_the_old_one_running(room: Room) -> None:
    room.turn(resolved("a", rollout={"maxSurge": 0, "maxUnavailable": 1}))
    room.platform.refuse = {"a": RefusedError("no such partition")}
    assert room.turn(resolved("a", rollout={"maxSurge": 0, "maxUnavailable": 1}, config={"x": "changed"})) == []
    assert room.line("a").state is State.RUNNING
    assert "no such partition" in room.line("a").why


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (UnreachableError("connection refused"), 1),
        (UncertainError("timed out"), 10),
        (RefusedError("never"), 300),
        (ConflictError("not ours"), 1),
    ],
)
def test_each_kind_of_error_has_its_patience(room: Room, error: RefusedError, seconds: int) -> None:
    room.platform.refuse = {"a": error}
    room.turn(resolved("a"))
    room.platform.refuse = {}
    assert room.turn(resolved("a")) == []  # the early look, from which on an unanswered write is waited for
    room.platform.wait(seconds - 0.5)
    assert room.turn(resolved("a")) == []
    room.platform.wait(1)
    assert room.turn(resolved("a")) == ["deploy a.0"]


def test_a_failing_job_is_tried_again_later_each_time(room: Room) -> None:
    room.turn(resolved("a"))
    for attempt in range(1, 4):
        room.platform.end(str(attempt), Health.FAILED, "exit code 1")
        assert room.turn(resolved("a")) == ["deploy a.0"]
        waiting = room.platform.workloads[str(attempt + 1)]
        assert waiting.phase is Phase.PENDING
        assert waiting.mark.attempt == attempt
        assert room.turn(resolved("a")) == []
        assert room.line("a").health is Health.DEGRADED
        assert "exit code 1" in room.line("a").why
        room.platform.wait(1)


def test_a_stateful_job_is_renewed_without_being_cancelled(room: Room) -> None:
    service = resolved("a", renewal={"lead": "30m"})
    room.turn(service)
    old = room.platform.workloads["1"]
    room.platform.workloads["1"] = replace(old, deadline=room.platform.now + timedelta(minutes=20))
    assert room.turn(service) == ["deploy a.0"]
    assert room.platform.workloads["2"].mark.generation == 1


def test_a_fault_of_ours_in_one_service_is_reported_and_hinders_no_other(
    room: Room, caplog: pytest.LogCaptureFixture
) -> None:
    class Careless(FakePlatform):
        def deploy(self, service: ResolvedService, mark: Mark, delay: float, after: tuple[Workload, ...]) -> None:
            if service.name == "a":
                raise KeyError("oops")
            super().deploy(service, mark, delay, after)

    careless = Careless()
    turn = Turn(World("fake", TARGET, careless, careless), "owner", 0.2, room.board, lambda: careless.now)
    desired = Desired(REVISION, {name: resolved(name) for name in "ab"})
    turn.run(desired, Past())
    turn.close()
    assert careless.writes == ["deploy b.0"]
    assert "internal error: KeyError" in room.line("a").why
    assert "oops" in caplog.text


def test_a_held_name_is_left_alone(room: Room) -> None:
    room.turn(resolved("a"), resolved("b"))
    assert room.turn(resolved("b"), held={"a": "its file is bad"}) == []
    assert room.line("a").why == "its file is bad"


def test_outcomes_are_counted(room: Room) -> None:
    room.platform.refuse = {"a": RefusedError("no")}
    room.turn(resolved("a"), resolved("b"))
    tallies = room.board.tallies()
    assert tallies.actions == {("fake", "deploy", "failed"): 1, ("fake", "deploy", "ok"): 1}
    assert tallies.turns["fake"].count == 1


def test_a_removal_that_is_denied_is_retried_ever_more_slowly_shown_and_never_forgotten(room: Room) -> None:
    room.turn(resolved("a"), resolved("b"))
    past = Past("b")
    room.platform.deny["b"] = UnreachableError("admission webhook guard denied the request")
    for _ in range(60):
        room.turn(resolved("a"), past=past)
        room.platform.now += timedelta(seconds=1)
    assert 4 <= room.platform.asked_to_end <= 8
    assert room.line("b").state is State.REMOVING
    assert "guard denied" in room.line("b").why
    room.platform.deny.clear()
    room.platform.now += timedelta(minutes=2)
    assert room.turn(resolved("a"), past=past) == ["cancel b.0"]


def test_what_was_changed_by_hand_is_put_back_and_counted(room: Room) -> None:
    room.turn(resolved("a"))
    room.turn(resolved("a"))
    drift = Drift("Job 1", "/comment", "ada", "1")
    room.platform.workloads["1"] = replace(room.platform.workloads["1"], drift=(drift,))
    assert room.turn(resolved("a")) == ["repair a.0"]
    assert room.turn(resolved("a")) == []
    drifts = room.board.tallies().drift
    assert drifts == {("fake", "a", "found"): 1, ("fake", "a", "repaired"): 1}


def test_rendering_begins_anew_when_the_platform_learned_a_kind(room: Room) -> None:
    service = resolved("a")
    room.turn(service)
    room.platform.words = "ServiceMonitor"
    room.turn(service)
    assert room.platform.rendered == ["a", "a"]
    room.turn()
    assert room.platform.forgotten == ["a"]
