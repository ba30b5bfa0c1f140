"""Proposals become commits: what they are made on, what they lose and win against others, and how often."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from reconciler.errors import (
    InputError,
    KeyReusedError,
    MissingError,
    ProposalError,
    RacedError,
    ReconcilerError,
    RejectedError,
    SourceError,
    TakenError,
    UnsureError,
)
from reconciler.models.proposal import Accepted, Asked, Caller, Proposal, Restart, Resume, Role, Stop, Suspend, Update
from reconciler.models.revision import Revision
from reconciler.proposals.committer import Committer
from reconciler.proposals.queue import Ticket
from tests.proposals.world import ADMIN, BENCH, FIRST, FakeRepository, ask, lost, refuse, scribe, start, text, tools


def attempt(work: Callable[[], Accepted]) -> Accepted | ReconcilerError:
    try:
        return work()
    except ReconcilerError as error:
        return error


def test_a_proposal_is_one_commit_on_the_head() -> None:
    repository = FakeRepository()
    made = ask(scribe(repository), start("llama", nodes=1), BENCH, reason="try")
    head, first = repository.history()
    assert (made.service, made.commit, made.branch) == ("llama", head.sha, "main")
    assert (made.path, made.subject) == ("desired/llama.yaml", "Start llama: faiss")
    assert (made.changed, made.replayed, made.review) == (True, False, False)
    assert (head.subject, head.author, first.subject) == ("Start llama: faiss", "bench", "By hand")
    assert "Requested-Because: try" in head.message
    assert set(repository.files()) == {FIRST, "desired/llama.yaml"}


def test_what_the_repository_says_already_is_no_commit() -> None:
    repository = FakeRepository()
    one = scribe(repository)
    suspended = ask(one, Suspend("first"))
    again = ask(one, Suspend("first"))
    assert (again.changed, again.commit) == (False, suspended.commit)
    assert repository.pushes == 1


def test_what_is_wrong_is_said_as_validate_says_it_and_nothing_is_there() -> None:
    repository = FakeRepository()
    one = scribe(repository)
    with pytest.raises(InputError) as wrong:
        ask(one, start("bad", config={"wrong": 1}))
    assert "desired/bad.yaml" in str(wrong.value)
    assert "spec.config.wrong" in str(wrong.value)
    with pytest.raises(InputError, match=r"spec\.recipe: .*faiss"):
        ask(one, start("bad", recipe="fais"))
    with pytest.raises(MissingError, match="first"):
        ask(one, Stop("firs"))
    with pytest.raises(TakenError, match=r"desired/first\.yaml"):
        ask(one, start("first"))
    assert (repository.pushes, len(repository.history())) == (0, 1)


def test_somebody_elses_mistake_is_no_hindrance() -> None:
    repository = FakeRepository()
    repository.by_hand({"desired/bad.yaml": text("bad", "{recipe: nothing}")}, "Bad")
    assert ask(scribe(repository), start("good")).changed


def test_a_lost_race_is_made_anew_on_what_the_others_pushed() -> None:
    repository = FakeRepository()

    def race(_: Revision) -> None:
        repository.before_push = lambda _: None
        repository.by_hand({FIRST: text("first", "{recipe: faiss, target: meluxina, replicas: 2}")}, "Faster")

    repository.before_push = race
    ask(scribe(repository), Update("first", {"nodes": 1, "replicas": 3}))
    assert [one.subject for one in repository.history()] == ["Update first: nodes, replicas", "Faster", "By hand"]
    assert "replicas: 3" in repository.files()[FIRST]


def test_a_race_that_takes_the_name_is_told() -> None:
    repository = FakeRepository()

    def race(_: Revision) -> None:
        repository.before_push = lambda _: None
        repository.by_hand({"desired/mine.yaml": text("one")}, "Faster")

    repository.before_push = race
    with pytest.raises(TakenError, match=r"desired/mine\.yaml"):
        ask(scribe(repository), start("one"))
    assert len(repository.history()) == 2


def test_a_race_that_is_lost_for_ever_ends() -> None:
    repository = FakeRepository()

    def race(_: Revision) -> None:
        repository.by_hand({FIRST: text("first")}, "Faster")

    repository.before_push = race
    ticket = Ticket(Proposal(Suspend("first"), Asked(ADMIN)))
    Committer(tools(repository), patience=0.2).carry_out([ticket])
    with pytest.raises(RacedError):
        ticket.result()
    assert 2 < repository.pushes < 20


def test_a_push_without_an_answer_is_looked_up() -> None:
    repository = FakeRepository()
    one = scribe(repository)
    lost(repository, landed=True)
    assert ask(one, Suspend("first")).commit == repository.head().sha
    lost(repository, landed=False)
    with pytest.raises(UnsureError, match="no answer; it may be in the repository"):
        ask(one, Resume("first"))
    assert len(repository.history()) == 2


def test_errors_of_the_repository_reach_the_caller_and_nothing_is_there() -> None:
    repository = FakeRepository(down="no route to host")
    with pytest.raises(SourceError, match="no route to host"):
        ask(scribe(repository), Suspend("first"))
    assert repository.pushes == 0


# Keys


def test_the_same_key_is_carried_out_once_also_by_another_scribe() -> None:
    repository = FakeRepository()
    one = scribe(repository)
    made = ask(one, start("llama"), key="k-1")
    for other in (one, scribe(repository)):
        again = ask(other, start("llama"), key="k-1")
        assert (again.commit, again.replayed, again.path) == (made.commit, True, made.path)
    assert repository.pushes == 1


def test_a_key_is_replayed_when_the_service_has_gone_on_since() -> None:
    repository = FakeRepository()
    one = scribe(repository)
    made = ask(one, start("llama"), key="start")
    stopped = ask(one, Stop("llama"), key="stop")
    for other in (one, scribe(repository)):
        assert ask(other, start("llama"), key="start").commit == made.commit
        assert ask(other, Stop("llama"), key="stop").commit == stopped.commit
    assert len(repository.history()) == 3


def test_a_key_that_was_used_for_something_else_is_refused() -> None:
    repository = FakeRepository()
    one = scribe(repository)
    made = ask(one, Suspend("first"), key="k")
    for other in (one, scribe(repository)):
        with pytest.raises(KeyReusedError, match=f"the key k was used for another request: commit {made.commit[:12]}"):
            ask(other, Resume("first"), key="k")
    assert repository.pushes == 1


def test_keys_of_two_callers_are_two_keys() -> None:
    repository = FakeRepository()
    one = scribe(repository)
    assert ask(one, start("a"), ADMIN, key="k").changed
    made = ask(one, start("b"), BENCH, key="k")
    assert (made.changed, made.replayed) == (True, False)
    other = ask(one, start("c"), Caller("ben", "token", Role.PROPOSE), key="k")
    assert not other.replayed


def test_a_key_whose_commit_was_taken_back_by_force_is_carried_out_again() -> None:
    repository = FakeRepository()
    one = scribe(repository)
    first = ask(one, Suspend("first"), key="k")
    repository.heads["main"] = repository.commits[first.commit][1]
    second = ask(one, Suspend("first"), key="k")
    assert not second.replayed
    assert second.commit != first.commit


def test_a_key_of_another_daemon_is_found_also_after_commits_without_one() -> None:
    repository = FakeRepository()
    made = ask(scribe(repository), start("llama"), key="k")
    one = scribe(repository)
    ask(one, Suspend("first"))
    assert ask(one, start("llama"), key="k").commit == made.commit


def test_a_refused_request_leaves_no_key() -> None:
    repository = FakeRepository()
    one = scribe(repository)
    with pytest.raises(MissingError):
        ask(one, Suspend("later"), key="k")
    repository.by_hand({"desired/later.yaml": text("later")}, "Later")
    assert not ask(one, Suspend("later"), key="k").replayed


# Many at once


def together(
    repository: FakeRepository, count: int, work: Callable[[int], Accepted]
) -> list[Accepted | ReconcilerError]:
    """All at once: the first push waits until all the others have asked."""
    started, first = threading.Barrier(count), threading.Event()
    hook = repository.before_push

    def hold(tip: Revision) -> None:
        if not first.is_set():
            time.sleep(0.2)
            first.set()
        hook(tip)

    repository.before_push = hold

    def one(number: int) -> Accepted | ReconcilerError:
        started.wait()
        return attempt(lambda: work(number))

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


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


# The run of stops


def test_stops_in_a_row_give_leave_for_all_of_them() -> None:
    repository = FakeRepository()
    names = [f"row-{number}" for number in range(6)]
    repository.by_hand({f"desired/{name}.yaml": text(name) for name in names}, "Six")
    one = scribe(repository)
    ask(one, Stop(names[0]))
    ask(one, Restart("first", "x"))
    together(repository, 4, lambda number: ask(one, Stop(names[number + 1])))
    leave = [
        message.rpartition(" ")[2] for message in (one.message for one in repository.history()) if "Stop" in message
    ]
    assert leave == ["5", "4", "3", "2", "1"]
    repository.by_hand({}, "Something else")
    ask(one, Stop(names[5]))
    assert repository.head().message.endswith("Reconciler-Allow-Removals: 1")


# Branches for review


def test_a_review_is_a_branch_of_its_own_on_the_head() -> None:
    repository = FakeRepository()
    one = scribe(repository, mode="branch", prefix="bot/")
    made = [ask(one, start("a")), ask(one, start("b")), ask(one, start("a"))]
    assert all(outcome.review and outcome.changed for outcome in made)
    assert len({outcome.branch for outcome in made}) == 3
    assert all(outcome.branch.startswith(f"bot/{outcome.service}-") for outcome in made)
    assert len(repository.history()) == 1
    for outcome in made:
        assert repository.heads[outcome.branch] == outcome.commit
        assert repository.commits[outcome.commit][1] == repository.head().sha


def test_a_review_with_a_key_is_one_branch() -> None:
    repository = FakeRepository()
    made = ask(scribe(repository, mode="branch"), start("a"), key="k")
    again = ask(scribe(repository, mode="branch"), start("a"), key="k")
    assert (again.branch, again.commit, again.replayed, again.review) == (made.branch, made.commit, True, True)
    assert (again.path, again.subject) == (made.path, made.subject)
    with pytest.raises(KeyReusedError, match=made.branch):
        ask(scribe(repository, mode="branch"), start("b"), key="k")
    assert not ask(scribe(repository, mode="branch"), start("b"), BENCH, key="k").replayed
    assert len(repository.heads) == 3


def test_a_review_that_was_merged_is_found_in_history() -> None:
    repository = FakeRepository()
    made = ask(scribe(repository, mode="branch"), start("a"), key="k")
    repository.heads["main"] = repository.heads.pop(made.branch)
    again = ask(scribe(repository, mode="branch"), start("a"), key="k")
    assert (again.branch, again.commit, again.replayed, again.review) == ("main", made.commit, True, False)


def test_reviews_with_one_key_at_once_are_one_branch() -> None:
    repository = FakeRepository()
    one = scribe(repository, mode="branch")
    made = together(repository, 8, lambda _: ask(one, start("a"), key="k"))
    assert {outcome.commit for outcome in made if isinstance(outcome, Accepted)} == {
        repository.heads[branch] for branch in repository.branches("reconciler/")
    }
    assert len(repository.heads) == 2


def test_a_review_of_nothing_is_no_branch() -> None:
    repository = FakeRepository()
    made = ask(scribe(repository, mode="branch"), Resume("first"))
    assert (made.changed, made.review, made.branch) == (False, False, "main")
    assert list(repository.heads) == ["main"]
