"""Proposals on branches of their own, for pull requests."""

from __future__ import annotations

import pytest

from reconciler.errors import KeyReusedError
from reconciler.models.proposal import Accepted, Resume
from tests.proposals.world import BENCH, FakeRepository, ask, scribe, start, together


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
