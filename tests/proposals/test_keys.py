"""A key is carried out once: by whom, against what, and however history goes on."""

from __future__ import annotations

import pytest

from reconciler.errors import KeyReusedError, MissingError
from reconciler.models.proposal import Caller, Resume, Role, Stop, Suspend
from tests.proposals.world import ADMIN, BENCH, FakeRepository, ask, scribe, start, text


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
