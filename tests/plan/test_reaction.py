"""What is unhealthy is restarted after a while: a share at a time, and not when everything turned so at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from reconciler.models.action import Cancel, Hold, Plan, Renew, Restart
from reconciler.models.health import Health
from reconciler.models.wanted import Wanted
from reconciler.models.workload import Phase, Workload
from reconciler.plan import Constraints, ReactionLimits, make_plan
from tests.fakes import START, look, workload

AFTER = timedelta(minutes=5)
LONG = timedelta(minutes=6)


def web(name: str = "a", **extra: object) -> Wanted:
    return replace(Wanted(name, 1, "d1", restart_after=AFTER), **extra)  # type: ignore[arg-type]


def sick(
    name: str = "a", ago: timedelta = LONG, *, lasted: timedelta = timedelta(hours=1), **extra: object
) -> Workload:
    """One that was healthy for `lasted`, and is not any more since `ago`."""
    one = workload(name, identity=f"{name}1", health=Health.DEGRADED, reason="its health probe fails")
    return replace(one, unhealthy=START - ago, since=START - ago - lasted, **extra)  # type: ignore[arg-type]


def well(*names: str) -> list[Workload]:
    return [workload(name, identity=f"{name}1") for name in names]


def plan(wanted: Sequence[Wanted], *seen: Workload, limits: ReactionLimits | None = None, **extra: object) -> Plan:
    constraints = Constraints(reactions=limits or ReactionLimits(), **extra)  # type: ignore[arg-type]
    return make_plan(wanted, look(*seen), START, constraints)


def test_one_that_is_unhealthy_for_too_long_is_restarted_with_the_reason() -> None:
    old = sick()
    (action,) = plan([web()], old).actions
    assert isinstance(action, Restart)
    assert (action.old, action.generation, action.unhealthy) == ((old,), 1, True)
    assert action.reason == "a1 has been unhealthy for 6m: its health probe fails; attempt 1 in 2s"
    assert timedelta(seconds=2) <= action.delay < timedelta(seconds=3)


def test_one_that_fails_again_soon_after_its_restart_waits_longer() -> None:
    again = sick(lasted=timedelta(seconds=20))
    (action,) = plan([web()], replace(again, mark=replace(again.mark, attempt=3))).actions
    assert isinstance(action, Restart)
    assert action.attempt == 4
    assert action.delay >= timedelta(seconds=16)


def test_what_is_not_unhealthy_for_long_enough_or_may_stay_so_is_left_alone() -> None:
    assert plan([web()], sick(ago=timedelta(minutes=4))).actions == ()
    assert plan([web(restart_after=None)], sick()).actions == ()
    assert plan([web()], sick(ago=-timedelta(hours=1))).actions == ()
    assert plan([web()], workload("a", health=Health.DEGRADED)).actions == ()


def test_a_second_plan_of_the_same_is_the_same_and_after_the_restart_there_is_nothing_to_do() -> None:
    old = sick()
    first = plan([web()], old)
    assert plan([web()], old) == first
    next_one = workload("a", identity="2", generation=1, attempt=1, phase=Phase.PENDING, health=Health.PENDING)
    ending = replace(old, phase=Phase.STOPPING)
    assert plan([web()], ending, next_one).actions == ()


def test_a_daemon_that_died_between_the_submit_and_the_cancel_is_finished_for() -> None:
    """Of a stateful one the successor waits for exactly that end."""
    old = sick()
    successor = workload("a", identity="2", generation=1, attempt=1, phase=Phase.PENDING, health=Health.PENDING)
    for wanted in (web(), web(stateful=True), web(surge=1)):
        (action,) = plan([wanted], old, successor).actions
        assert isinstance(action, Cancel)
        assert action.old == (old,)
        assert action.reason.endswith("; 2 is there already")


def test_what_waits_for_a_dependency_or_an_error_is_not_restarted() -> None:
    (hold,) = plan([web(depends_on=("db",))], sick()).actions
    assert isinstance(hold, Hold)
    assert hold.reason == "unhealthy, and not restarted now: waits for db to be healthy (dependsOn)"
    assert plan([web()], sick(), not_now={"a": "refused"}).actions == ()


def test_no_more_than_a_share_is_restarted_at_a_time_and_the_one_that_waits_longest_comes_first() -> None:
    names = [f"s{number}" for number in range(10)]
    bad = [sick(name, LONG + timedelta(minutes=10 * number)) for number, name in enumerate(names[:4])]
    made = plan([web(name) for name in names], *bad, *well(*names[4:]))
    assert [one.service for one in made.actions if isinstance(one, Restart)] == ["s2", "s3"]
    held = [one for one in made.actions if isinstance(one, Hold)]
    assert {one.reason for one in held} == {"unhealthy, and not restarted now: at most 20% are restarted at a time"}
    assert made.restarts_held == ""


def test_restarts_under_way_count_and_crash_loops_keep_nobody_waiting() -> None:
    names = [f"s{number}" for number in range(5)]
    wanted = [web(name) for name in names]
    starting = workload("s1", generation=1, attempt=1, health=Health.PROGRESSING)
    assert not plan(wanted, sick("s0"), starting, *well(*names[2:])).changes
    hopeless = workload("s1", generation=7, attempt=7, health=Health.PROGRESSING)
    (restart,) = plan(wanted, sick("s0"), hopeless, *well(*names[2:])).changes
    assert restart.service == "s0"


def test_when_most_of_a_target_turns_unhealthy_together_nothing_is_restarted() -> None:
    names = [f"s{number}" for number in range(8)]
    wanted = [web(name) for name in names]
    bad = [sick(name, LONG - timedelta(seconds=10 * number)) for number, name in enumerate(names[:5])]
    made = plan(wanted, *bad, *well(*names[5:]))
    assert made.changes == ()
    assert made.restarts_held == (
        "5 of 8 running replicas became unhealthy within 40s: looks like the network or the site, not the services; "
        "nothing is restarted until fewer than 50% are"
    )
    reasons = {one.reason for one in made.actions if isinstance(one, Hold)}
    assert reasons == {
        "unhealthy, and not restarted now: 50% or more of what runs on its target turned unhealthy together"
    }
    better = plan(wanted, *bad[:3], *well(*names[3:]))
    assert better.restarts_held == ""
    assert len(better.changes) == 1


def test_what_is_held_is_renewed_all_the_same() -> None:
    names = ["a", "b", "c"]
    wanted = [web(name, lead=timedelta(minutes=10)) for name in names]
    bad = [replace(sick(name), deadline=START + timedelta(minutes=1)) for name in names]
    made = plan(wanted, *bad)
    assert made.restarts_held
    assert [type(one) for one in made.changes] == [Renew, Renew, Renew]


def test_replicas_of_one_service_are_no_witnesses_of_their_target() -> None:
    bad = [replace(sick(), id=str(number), mark=replace(sick().mark, replica=number)) for number in range(4)]
    made = plan([web(units=4)], *bad)
    assert made.restarts_held == ""
    assert len(made.changes) == 1


AGES = st.integers(0, 3600).map(lambda seconds: timedelta(seconds=seconds))


@st.composite
def targets(draw: st.DrawFn) -> tuple[list[Wanted], list[Workload]]:
    """Services that are well, unhealthy, being restarted, or both old and new."""
    wanted, seen = [], []
    for number in range(draw(st.integers(1, 30))):
        name = f"s{number}"
        wanted.append(
            web(name, stateful=draw(st.booleans()), restart_after=draw(st.sampled_from([AFTER, AFTER, None])))
        )
        kind = draw(st.sampled_from(["well", "sick", "both", "again"]))
        if kind in ("sick", "both"):
            seen.append(sick(name, draw(AGES), lasted=draw(AGES)))
        if kind in ("both", "again"):
            attempt, phase = draw(st.integers(0, 5)), draw(st.sampled_from([Phase.PENDING, Phase.RUNNING]))
            new = workload(name, identity=f"{name}2", generation=1, attempt=attempt, phase=phase)
            seen.append(replace(new, health=Health.PROGRESSING))
        seen += well(name) if kind == "well" else []
    return wanted, draw(st.permutations(seen))


@given(targets(), st.sampled_from([0.0, 0.2, 0.5, 1.0]), st.sampled_from([0.1, 0.5, 1.0]))
def test_never_more_than_the_share_and_nothing_while_it_is_held(
    target: tuple[list[Wanted], list[Workload]], share: float, hold: float
) -> None:
    wanted, seen = target
    made = plan(wanted, *seen, limits=ReactionLimits(share, hold))
    assert made == plan(wanted, *reversed(seen), limits=ReactionLimits(share, hold))
    touched = {one.service for one in made.changes}
    assert len(touched) <= max(1, int(share * len(wanted)))
    assert not (made.restarts_held and touched)
    assert all(_ended(one) for one in made.changes)
    stateful = {one.service for one in wanted if one.stateful}
    for action in made.changes:
        if isinstance(action, Restart) and action.service in stateful:
            assert {one.id for one in action.old} == {one.id for one in seen if one.mark.service == action.service}


def _ended(action: object) -> bool:
    """Whether it ends only what has been unhealthy for long enough."""
    old = action.old if isinstance(action, Restart | Cancel) else ()
    return bool(old) and all(one.unhealthy is not None and one.unhealthy <= START - AFTER for one in old)


@given(st.integers(3, 60), st.integers(0, 120), st.data())
def test_a_mass_failure_restarts_nothing(count: int, seconds: int, data: st.DataObject) -> None:
    share = data.draw(st.integers(max(3, (count + 1) // 2), count))
    names = [f"s{number}" for number in range(count)]
    gap = timedelta(seconds=seconds / share)
    bad = [sick(name, LONG + number * gap) for number, name in enumerate(names[:share])]
    made = plan([web(name) for name in names], *bad, *well(*names[share:]))
    assert made.changes == ()
    assert made.restarts_held.startswith(f"{share} of {count} running replicas")


@given(targets())
def test_restarts_come_to_rest(target: tuple[list[Wanted], list[Workload]]) -> None:
    """Each restart is carried out and its successor gets healthy: in the end nothing is to be done."""
    wanted, seen = target
    for _ in range(3 * len(wanted) + 3):
        made = make_plan(wanted, look(*seen), START, Constraints(reactions=ReactionLimits(hold=1.0)))
        if not made.changes:
            break
        seen = _carried_out(made, seen)
    assert not made.changes


def _carried_out(made: Plan, seen: Sequence[Workload]) -> list[Workload]:
    gone, new = set(), []
    for number, action in enumerate(made.changes):
        if isinstance(action, Restart | Cancel):
            gone |= {one.id for one in action.old}
        if isinstance(action, Restart):
            fresh = workload(action.service, identity=f"{action.service}-{number}", generation=action.generation)
            new.append(replace(fresh, mark=replace(fresh.mark, attempt=action.attempt)))
    rest = [one for one in seen if one.id not in gone]
    healthy = [
        replace(one, health=Health.HEALTHY, phase=Phase.RUNNING) if one.unhealthy is None else one for one in rest
    ]
    return [*healthy, *new]
