"""Pushes to real repositories on this machine: bare ones, and ones with a work tree."""

from __future__ import annotations

import os
import resource
from pathlib import Path

import pytest

from reconciler.errors import RacedError, RejectedError
from tests.source.conftest import Repository
from tests.source.writing import Write, git, hook, is_clean, refs, start

# What is pushed


def test_a_push_moves_the_branch_and_the_next_head_needs_no_fetch(central: Path, write: Write, tmp_path: Path) -> None:
    writer = write(central)
    made = start(writer, "desired/b.yaml")
    writer.push(made)
    assert refs(central) == {"refs/heads/main": made.sha}
    clone = tmp_path / "state" / "source.git"
    assert refs(clone) == {"refs/reconciler/head": made.sha}, "known before anybody asks"
    assert writer.head() == made
    assert is_clean(central)
    assert is_clean(clone)


def test_a_daemon_with_thousands_of_connections_writes_as_well(central: Path, write: Write) -> None:
    """Files that are open have numbers beyond what select(2) knows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    held = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
    try:
        writer = write(central)
        made = start(writer, "desired/b.yaml")
        writer.push(made)
        assert writer.head() == made
    finally:
        for one in held:
            os.close(one)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_several_commits_land_with_one_push(central: Path, write: Write) -> None:
    writer = write(central)
    first = start(writer, "desired/b.yaml", message="one")
    second = writer.commit(first, {"desired/c.yaml": "c: 1\n"}, "two", "Eve")
    writer.push(second)
    assert git(central, "log", "--format=%s %an", "main") == "two Eve\none Ada\nfirst Ada"


def test_a_push_again_is_no_push(central: Path, write: Write) -> None:
    writer = write(central)
    made = start(writer, "desired/b.yaml")
    writer.push(made)
    writer.push(made)
    writer.push(made, "review/b")
    writer.push(made, "review/b")
    assert refs(central) == {"refs/heads/main": made.sha, "refs/heads/review/b": made.sha}


@pytest.mark.parametrize("branch", ["main-2", "ünïcode/größe", "a'b", "it's;$(id)", "-dash"])
def test_odd_names_of_the_followed_branch(repository: Repository, central: Path, write: Write, branch: str) -> None:
    repository.git("push", "--quiet", str(central), f"main:refs/heads/{branch}")
    writer = write(central, branch=branch)
    made = start(writer, "desired/b.yaml")
    writer.push(made)
    assert refs(central)[f"refs/heads/{branch}"] == made.sha
    assert refs(central)["refs/heads/main"] != made.sha


def test_a_new_branch_leaves_the_followed_one_and_must_not_exist(central: Path, write: Write) -> None:
    writer = write(central)
    head = writer.head()
    made = start(writer, "desired/b.yaml")
    writer.push(made, "reconciler/start-b")
    assert refs(central) == {"refs/heads/main": head.sha, "refs/heads/reconciler/start-b": made.sha}
    assert writer.head() == head
    other = writer.commit(made, {"desired/c.yaml": "c: 1\n"}, "follows it", "Ada")
    with pytest.raises(RacedError, match="somebody else pushed first"):
        writer.push(other, "reconciler/start-b")
    assert refs(central)["refs/heads/reconciler/start-b"] == made.sha
    with pytest.raises(RejectedError, match="there is a branch whose name is in the way"):
        writer.push(other, "reconciler/start-b/more")
    assert is_clean(central)


@pytest.mark.parametrize("branch", ["a..b", "a b", "a:b", "x.lock", "a\n", "refs/heads/*", "/x", "x^"])
def test_what_is_no_name_for_a_branch_is_refused(central: Path, write: Write, branch: str) -> None:
    writer = write(central)
    made = start(writer, "desired/b.yaml")
    with pytest.raises(RejectedError, match="is no name for a branch"):
        writer.push(made, branch)
    assert list(refs(central)) == ["refs/heads/main"]


def test_a_shallow_repository_takes_a_push(repository: Repository, write: Write, tmp_path: Path) -> None:
    repository.commit("second", {"desired/a.yaml": "a: 2\n"})
    shallow = tmp_path / "shallow.git"
    repository.git("clone", "--quiet", "--bare", "--depth=1", f"file://{repository.folder}", str(shallow))
    writer = write(shallow)
    made = start(writer, "desired/b.yaml")
    writer.push(made)
    assert git(shallow, "log", "--format=%s", "main") == "Start x\nsecond"
    assert [one.subject for one in writer.log(writer.head(), 10)] == ["Start x", "second"]


# Work trees


def test_a_clean_work_tree_follows(repository: Repository, write: Write) -> None:
    repository.write("notes.txt", "not committed, and nobody's business\n")
    writer = write(repository.folder)
    made = writer.commit(writer.head(), {"desired/b.yaml": "b: 1\n", "desired/a.yaml": None}, "both", "Ada")
    writer.push(made)
    assert repository.git("rev-parse", "main") == made.sha
    assert repository.git("status", "--short") == "?? notes.txt"
    assert (repository.folder / "desired/b.yaml").read_text() == "b: 1\n"
    assert not (repository.folder / "desired/a.yaml").exists()


@pytest.mark.parametrize("staged", [True, False])
def test_a_work_tree_with_changes_is_left_alone(repository: Repository, write: Write, *, staged: bool) -> None:
    repository.write("desired/a.yaml", "a: 2\n")
    if staged:
        repository.git("add", "--all")
    before = repository.git("status", "--short"), repository.git("rev-parse", "main")
    writer = write(repository.folder)
    made = start(writer, "desired/b.yaml")
    with pytest.raises(RejectedError, match=r"work tree has changes that are not committed .*commit or stash them"):
        writer.push(made)
    assert (repository.git("status", "--short"), repository.git("rev-parse", "main")) == before
    assert is_clean(repository.folder / ".git")


def test_a_file_in_the_way_that_is_not_committed_is_kept(repository: Repository, write: Write) -> None:
    repository.write("desired/b.yaml", "mine\n")
    writer = write(repository.folder)
    with pytest.raises(RejectedError, match="its work tree has files that are not committed where the commit has some"):
        writer.push(start(writer, "desired/b.yaml"))
    assert (repository.folder / "desired/b.yaml").read_text() == "mine\n"


def test_a_dirty_work_tree_of_another_branch_is_no_obstacle(repository: Repository, write: Write) -> None:
    repository.git("checkout", "--quiet", "-b", "mine")
    repository.write("desired/a.yaml", "a: 2\n")
    writer = write(repository.folder, branch="main")
    made = start(writer, "desired/b.yaml")
    writer.push(made)
    assert repository.git("rev-parse", "main") == made.sha
    assert repository.git("status", "--short") == "M desired/a.yaml"
    assert not (repository.folder / "desired/b.yaml").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_repository_of_another_user_is_read_and_not_written(central: Path, write: Write) -> None:
    hook(central, "pre-receive", f"touch {central.parent}/ran")
    for place in (central, *central.rglob("*")):
        os.chown(place, 65534, 65534, follow_symlinks=False)
    writer = write(central)
    with pytest.raises(RejectedError, match=r"belongs to another user, .*safe\.directory"):
        writer.push(start(writer, "desired/b.yaml"))
    assert not (central.parent / "ran").exists()
