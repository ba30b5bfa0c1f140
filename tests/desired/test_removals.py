"""Rule 4: no wipe by accident, and a restart in the middle changes nothing."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.desired.removals import ALL, allowance, judge_removals, lost
from reconciler.models.wanted import Lost, Removals
from tests.desired.world import Repository, text


def repository_of(count: int) -> Repository:
    repository = Repository()
    repository.commit({f"desired/s{number}.yaml": text(f"s{number}") for number in range(count)})
    return repository


def remove(repository: Repository, *numbers: int, message: str = "remove") -> None:
    repository.commit({f"desired/s{number}.yaml": None for number in numbers}, message)


def judge(repository: Repository, live: int, share: float = 0.2, gone: tuple[str, ...] = ()) -> Removals:
    """As a turn does, with `live` services s0, s1, … on the platform, but for those `gone` already."""
    wanted = {PurePosixPath(path).stem for path in repository.commits[-1][1]}
    there = {f"s{number}" for number in range(live)} - set(gone)
    found = lost(there - wanted, repository.history(), repository.messages, len(wanted))
    return judge_removals(found, len(there), len(wanted), share)


def test_one_removal_is_always_allowed() -> None:
    repository = repository_of(3)
    remove(repository, 0)
    assert judge(repository, 3) == Removals(frozenset({"s0"}))


def test_rule_4_more_than_the_share_in_one_commit_is_held_until_a_commit_allows_it() -> None:
    repository = repository_of(10)
    remove(repository, 0, 1, 2)
    held = judge(repository, 10).held
    assert set(held) == {"s0", "s1", "s2"}
    assert "Reconciler-Allow-Removals: 3" in held["s0"]
    repository.commit({"desired/s5.yaml": text("s5") + "# touched\n"}, "Let them go\n\nReconciler-Allow-Removals: 2")
    assert set(judge(repository, 10).held) == {"s0", "s1", "s2"}
    repository.commit({"desired/s5.yaml": text("s5")}, "Let them go\n\nreconciler-allow-removals: 3\n")
    assert judge(repository, 10) == Removals(frozenset({"s0", "s1", "s2"}))


def test_rule_4_an_empty_set_removes_nothing_without_allowance() -> None:
    repository = repository_of(1)
    remove(repository, 0)
    assert "no service is left" in judge(repository, 1).held["s0"]


def test_rule_4_all_removed_in_a_commit_that_says_so() -> None:
    repository = repository_of(4)
    remove(repository, 0, 1, 2, 3, message="Close\n\nReconciler-Allow-Removals: all\nCo-authored-by: B <b@x>")
    assert judge(repository, 4).allowed == {"s0", "s1", "s2", "s3"}


def test_an_allowance_does_not_count_for_what_a_later_commit_removes() -> None:
    repository = repository_of(10)
    remove(repository, 0, 1, 2, message="first\n\nReconciler-Allow-Removals: all")
    remove(repository, 3, 4, 5)
    assert judge(repository, 10) == Removals(frozenset({"s0", "s1", "s2"}), judge(repository, 10).held)
    assert set(judge(repository, 10).held) == {"s3", "s4", "s5"}


def test_a_removal_that_was_small_stays_allowed_when_services_are_few_by_now() -> None:
    repository = repository_of(10)
    remove(repository, 0, 1)
    assert judge(repository, 10).allowed == {"s0", "s1"}
    assert judge(repository, 10, gone=("s0",)).allowed == {"s1"}


def test_what_history_does_not_know_goes_one_at_a_time_or_when_the_head_gives_leave() -> None:
    unknown = (Lost("x"), Lost("y"))
    assert judge_removals(unknown[:1], 5, 4, 0.2).allowed == {"x"}
    assert set(judge_removals(unknown, 5, 3, 0.2).held) == {"x", "y"}
    assert set(judge_removals((Lost("x"),), 1, 0, 0.2).held) == {"x"}
    assert judge_removals((Lost("x", None, ALL),), 1, 0, 0.2).allowed == {"x"}
    (given,) = lost({"x"}, iter(()), lambda _: (), head="again\n\nReconciler-Allow-Removals: 1")
    assert given == Lost("x", None, 1)


def test_a_service_brought_back_and_removed_again_belongs_to_the_second_removal() -> None:
    repository = repository_of(2)
    remove(repository, 0)
    repository.commit({"desired/new.yaml": text("s0")})
    repository.commit({"desired/new.yaml": None}, "second")
    (found,) = lost({"s0"}, repository.history(), repository.messages, 1)
    assert found.removed_by is not None
    assert (found.removed_by.subject, found.together, found.before) == ("second", 1, 2)


def test_a_renamed_file_removes_nothing_and_a_broken_one_neither() -> None:
    repository = repository_of(2)
    repository.commit({"desired/s0.yaml": None, "desired/moved.yaml": text("s0")})
    repository.commit({"desired/moved.yaml": text("s0") + "x: {"})
    assert lost({"s0"}, repository.history(), repository.messages, 2) == (Lost("s0"),)


def test_history_is_read_no_further_than_needed() -> None:
    repository = repository_of(3)
    remove(repository, 0)
    history = repository.history()
    lost({"s0"}, history, repository.messages, 2)
    assert len(list(history)) == 1


@pytest.mark.parametrize(
    ("message", "number"),
    [
        ("x", 0),
        ("x\n\nReconciler-Allow-Removals: 12", 12),
        ("x\n\nRECONCILER-ALLOW-REMOVALS:ALL\n", ALL),
        ("x\n\nReconciler-Allow-Removals: 1\nReconciler-Allow-Removals: 5", 5),
        ("x\n\nReconciler-Allow-Removals: -3", 0),
        ("x\n\nReconciler-Allow-Removals: allow", 0),
        ("do not write Reconciler-Allow-Removals: all", 0),
        ("x\n\n> Reconciler-Allow-Removals: all", 0),
    ],
)
def test_allowance(message: str, number: int) -> None:
    assert allowance(message) == number


COMMITS = st.lists(
    st.tuples(st.sets(st.integers(0, 9), min_size=1, max_size=5), st.sampled_from(["", "1", "3", "5", "all"])),
    min_size=1,
    max_size=4,
)


@settings(deadline=None)  # a busy machine is no failure
@given(commits=COMMITS, share=st.sampled_from([0.0, 0.2, 0.5]), data=st.data())
def test_once_some_of_an_allowed_set_are_gone_the_others_are_still_allowed(
    commits: list[tuple[set[int], str]], share: float, data: st.DataObject
) -> None:
    repository = repository_of(10)
    for numbers, words in commits:
        remove(repository, *numbers, message=f"x\n\nReconciler-Allow-Removals: {words}" if words else "x")
    first = judge(repository, 10, share)
    gone = data.draw(st.sets(st.sampled_from(sorted(first.allowed)))) if first.allowed else set()
    second = judge(repository, 10, share, tuple(gone))
    assert first.allowed - gone <= second.allowed
