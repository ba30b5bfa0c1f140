"""Many proposals at once: a commit each, few pushes, and nobody pays for somebody else."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from reconciler.errors import KeyReusedError, ProposalError, RejectedError, SourceError, TakenError
from reconciler.models.proposal import Accepted, Caller, Role
from reconciler.models.revision import Revision
from tests.proposals.world import ADMIN, BENCH, FakeRepository, ask, refuse, scribe, start, together


def test_many_names_are_as_many_commits_and_few_pushes() -> None:
    repository = FakeRepository()
    one = scribe(repository)
    made = together(repository, 40, lambda number: ask(one, start(f"many-{number}")))
    assert all(isinstance(outcome, Accepted) and outcome.changed for outcome in made)
    commits = [outcome.commit for outcome in made if isinstance(outcome, Accepted)]
    assert sorted(commits) == sorted(one.sha for one in repository.history()[:-1])
    assert repository.pushes < 10
    assert len(repository.files()) == 41


def test_of_one_name_one_wins() -> None:
    repository = FakeRepository()
    one = scribe(repository)
    made = together(repository, 40, lambda _: ask(one, start("wanted")))
    assert sum(isinstance(outcome, Accepted) for outcome in made) == 1
    assert sum(isinstance(outcome, TakenError) for outcome in made) == 39
    assert len(repository.history()) == 2


def test_of_one_key_all_get_the_same_commit() -> None:
    repository = FakeRepository()
    one = scribe(repository)
    made = together(repository, 20, lambda _: ask(one, start("wanted"), key="k"))
    commits = {outcome.commit for outcome in made if isinstance(outcome, Accepted)}
    assert len(commits) == 1
    assert sum(isinstance(outcome, Accepted) and not outcome.replayed for outcome in made) == 1
    assert len(repository.history()) == 2


def test_of_one_key_for_two_requests_one_wins() -> None:
    repository = FakeRepository()
    one = scribe(repository)
    made = together(repository, 10, lambda number: ask(one, start(f"key-{number}"), key="k"))
    assert sum(isinstance(outcome, Accepted) for outcome in made) == 1
    assert sum(isinstance(outcome, KeyReusedError) for outcome in made) == 9


def test_only_what_the_repository_refuses_is_refused() -> None:
    repository = FakeRepository()
    refuse(repository, "guilty-3")
    one = scribe(repository)
    made = together(repository, 8, lambda number: ask(one, start(f"guilty-{number}")))
    assert [type(outcome) for outcome in made] == [RejectedError if number == 3 else Accepted for number in range(8)]
    assert str(made[3]) == "hook: not Start guilty-3: faiss"
    assert len(repository.files()) == 8


def test_an_answer_is_never_due_to_a_commit_that_was_refused() -> None:
    """Who asks for a name behind one whose commit is then refused gets it, and is not told that it is taken."""
    repository = FakeRepository()

    def hook(tip: Revision) -> None:
        if any(one.author == "mallory" for one in repository.log(tip, 100)):
            raise RejectedError("hook: not mallory")

    repository.before_push = hook
    one, mallory = scribe(repository), Caller("mallory", "token", Role.PROPOSE)
    callers = [mallory, BENCH, mallory, ADMIN]
    made = together(repository, 4, lambda number: ask(one, start("wanted"), callers[number]))
    assert [isinstance(made[0], RejectedError | TakenError), isinstance(made[2], RejectedError | TakenError)] == [
        True
    ] * 2
    assert sum(isinstance(outcome, Accepted) for outcome in (made[1], made[3])) == 1
    assert len(repository.history()) == 2


def test_a_fault_of_ours_reaches_one_caller_and_ends_nobody_elses_wait() -> None:
    repository = FakeRepository()

    def fault(_: Revision) -> None:
        raise ZeroDivisionError

    repository.before_push = fault
    one = scribe(repository)
    started = threading.Barrier(6)
    outcomes: list[type[BaseException]] = []

    def work(number: int) -> None:
        started.wait()
        try:
            ask(one, start(f"fault-{number}"))
        except (ProposalError, SourceError, ZeroDivisionError) as error:
            outcomes.append(type(error))

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, range(6)))
    assert len(outcomes) == 6
    assert ZeroDivisionError in outcomes
