"""Proposals become commits: what they are made on, and what they lose and win against others."""

from __future__ import annotations

import pytest

from reconciler.errors import InputError, MissingError, RacedError, SourceError, TakenError, UnsureError
from reconciler.models.proposal import Asked, Proposal, Restart, Resume, Stop, Suspend, Update
from reconciler.models.revision import Revision
from reconciler.proposals.committer import Committer
from reconciler.proposals.queue import Ticket
from tests.proposals.world import ADMIN, BENCH, FIRST, FakeRepository, ask, lost, scribe, start, text, together, tools


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
