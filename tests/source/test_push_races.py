"""Pushes that somebody else is faster with, and pushes without an answer."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from reconciler.errors import Next, RacedError, SourceError, UnsureError
from tests.e2e.world import until
from tests.source.conftest import Repository
from tests.source.writing import Pushing, Write, git, hook, is_clean, is_free, refs, start

# Who was first


def test_a_lost_race_is_told_and_made_good_on_the_new_head(repository: Repository, central: Path, write: Write) -> None:
    writer = write(central)
    made = start(writer, "desired/b.yaml")
    other = repository.commit("first came this", {"desired/c.yaml": "c: 1\n"})
    repository.git("push", "--quiet", str(central), "main")
    with pytest.raises(RacedError, match="somebody else pushed first") as caught:
        writer.push(made)
    assert caught.value.next is Next.SOON
    assert refs(central) == {"refs/heads/main": other}
    again = writer.commit(writer.head(), {"desired/b.yaml": "b: 1\n"}, "Start b", "Ada")
    writer.push(again)
    assert git(central, "rev-list", "--parents", "-1", "main") == f"{again.sha} {other}"


def test_a_race_lost_between_look_and_write(repository: Repository, central: Path, write: Write) -> None:
    """The other one lands while the hook of ours runs: the lock says no then, in other words."""
    writer = write(central)
    made = start(writer, "desired/b.yaml")
    other = repository.commit("first came this")
    push = f"git -C {repository.folder} push --quiet {central} main"
    hook(central, "update", f"[ $3 = {other} ] && exit 0", "unset $(git rev-parse --local-env-vars)", push)
    with pytest.raises(RacedError):
        writer.push(made)
    assert refs(central) == {"refs/heads/main": other}
    assert is_clean(central)


def test_a_branch_that_was_forced_elsewhere_is_a_lost_race(repository: Repository, central: Path, write: Write) -> None:
    writer = write(central)
    made = start(writer, "desired/b.yaml")
    repository.git("commit", "--quiet", "--amend", "-m", "another first")
    repository.git("push", "--quiet", "--force", str(central), "main")
    with pytest.raises(RacedError):
        writer.push(made)
    assert writer.head().subject == "another first"
    writer.push(start(writer, "desired/b.yaml"))


# Who does not answer


def test_a_hook_that_hangs_is_left_after_the_timeout_and_no_lock_is_left_behind(central: Path, write: Write) -> None:
    hook(central, "pre-receive", "sleep 600")
    writer = write(central, timeout="1s")
    head = writer.head()
    began = time.monotonic()
    with pytest.raises(UnsureError, match=r"no answer in 1 s; a larger source\.timeout may help") as caught:
        writer.push(start(writer, "desired/b.yaml"))
    assert time.monotonic() - began < 15
    assert caught.value.next is Next.WAIT
    assert refs(central) == {"refs/heads/main": head.sha}
    assert is_free(central), "the objects that it had sent are left to `git gc`, as Git does itself"


def test_a_push_that_is_ended_while_it_holds_the_lock_gives_it_back(central: Path, write: Write) -> None:
    hook(central, "reference-transaction", '[ "$1" = prepared ] && sleep 600', "exit 0")
    writer = write(central, timeout="1s")
    with pytest.raises(UnsureError):
        writer.push(start(writer, "desired/b.yaml"))
    assert is_free(central), "otherwise nobody could push any more"
    (central / "hooks" / "reference-transaction").unlink()
    writer.push(start(writer, "desired/b.yaml"))


def test_a_push_that_came_through_before_the_answer_was_lost_is_done(central: Path, write: Write) -> None:
    hook(central, "post-receive", "sleep 600")
    writer = write(central, timeout="1s")
    made = start(writer, "desired/b.yaml")
    writer.push(made)
    assert refs(central) == {"refs/heads/main": made.sha}


def test_a_push_that_came_through_and_was_built_upon_is_done(
    repository: Repository, central: Path, write: Write
) -> None:
    writer = write(central)
    made = start(writer, "desired/b.yaml")
    more = f"git fetch -q {central} main && git reset -q --hard FETCH_HEAD && git commit -q --allow-empty -m more"
    push = f"git push --quiet {central} main"
    person = "export GIT_AUTHOR_NAME=Eve GIT_AUTHOR_EMAIL=e@x GIT_COMMITTER_NAME=Eve GIT_COMMITTER_EMAIL=e@x"
    onwards = (
        f"unset $(git rev-parse --local-env-vars); cd {repository.folder}; {person}; {more} && {push}; kill -9 $PPID"
    )
    hook(central, "post-receive", "[ -e again ] && exit 0", "touch again", onwards)
    writer.push(made)
    assert writer.head().subject == "more"
    assert writer.contains(writer.head(), made.sha)


def test_close_ends_a_push_and_a_fetch_at_the_same_time(central: Path, write: Write, tmp_path: Path) -> None:
    hook(central, "pre-receive", f"touch {tmp_path}/in", "sleep 600")
    writer = write(central, timeout="300s")
    made = start(writer, "desired/b.yaml")
    push = Pushing(writer, made)
    until("the hook runs", (tmp_path / "in").exists, 30)
    assert writer.head().sha != made.sha, "who reads is not kept waiting by a push"
    writer._source.close()
    push.join(15)
    assert not push.is_alive()
    assert [type(error) for error in push.errors] == [UnsureError]
    assert is_free(central)
    with pytest.raises(SourceError, match="the source is closed"):
        writer.push(made)
