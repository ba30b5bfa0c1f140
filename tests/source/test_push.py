"""Pushes to real repositories on this machine: bare ones, ones with a work tree, and ones that say no."""

from __future__ import annotations

import os
import resource
import threading
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.errors import Next, RacedError, RejectedError, SourceError, UnsureError
from reconciler.source.push import judge
from reconciler.source.remote import Said
from reconciler.source.repository import GitRepository
from tests.source.conftest import Repository
from tests.source.test_repository import git, start

Write = Callable[..., GitRepository]


def hook(folder: Path, name: str, *lines: str) -> None:
    """A hook of a repository, as a shell script."""
    file = folder / "hooks" / name
    file.parent.mkdir(exist_ok=True)
    file.write_text("\n".join(("#!/bin/sh", *lines, "")))
    file.chmod(0o755)


def refs(folder: Path) -> dict[str, str]:
    """All refs of a repository."""
    lines = git(folder, "for-each-ref", "--format=%(refname) %(objectname)").splitlines()
    return dict(line.split(" ") for line in lines)


def is_free(folder: Path) -> bool:
    """Whether no lock is left in a repository."""
    return not list(folder.rglob("*.lock"))


def is_clean(folder: Path) -> bool:
    """Whether nothing half done is left either."""
    return is_free(folder) and not list(folder.rglob("tmp_*"))


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


# Who says no


def test_a_hook_refuses_with_its_own_words(central: Path, write: Write) -> None:
    hook(
        central,
        "pre-receive",
        "echo 'Change 4711 is not approved.'",
        "printf 'Ask \\033[1mBob\\033[0m at https://me:secret@forge/x\\n' >&2",
        "exit 1",
    )
    writer = write(central)
    head = writer.head()
    with pytest.raises(RejectedError) as caught:
        writer.push(start(writer, "desired/b.yaml"))
    assert str(caught.value) == (
        f"{central}: the push was refused: pre-receive hook declined: "
        "Change 4711 is not approved. Ask  [1mBob [0m at https://forge/x"
    )
    assert caught.value.next is Next.STOP
    assert refs(central) == {"refs/heads/main": head.sha}
    assert is_clean(central)
    with pytest.raises(RejectedError):
        writer.push(start(writer, "desired/b.yaml"), "reconciler/b")
    assert refs(central) == {"refs/heads/main": head.sha}, "no stray branch"


def test_a_hook_that_never_stops_talking_fills_no_memory(central: Path, write: Write) -> None:
    hook(central, "pre-receive", "echo begin", "head -c 50000000 /dev/zero | tr '\\0' 'x' >&2", "exit 1")
    writer = write(central)
    made = start(writer, "desired/b.yaml")
    tracemalloc.start()
    with pytest.raises(RejectedError, match="pre-receive hook declined: begin x") as caught:
        writer.push(made)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5_000_000
    assert len(str(caught.value)) < 1500


def test_a_branch_that_is_protected(central: Path, write: Write) -> None:
    hook(central, "update", '[ "$1" != refs/heads/main ] && exit 0', "echo protected: open a pull request", "exit 1")
    writer = write(central)
    made = start(writer, "desired/b.yaml")
    with pytest.raises(RejectedError, match="hook declined: protected: open a pull request"):
        writer.push(made)
    writer.push(made, "reconciler/b")
    assert refs(central)["refs/heads/reconciler/b"] == made.sha


def test_hidden_refs_and_forbidden_creation(central: Path, write: Write) -> None:
    git(central, "config", "receive.hideRefs", "refs/heads/hidden")
    writer = write(central)
    with pytest.raises(RejectedError, match="the push was refused: deny updating a hidden ref"):
        writer.push(start(writer, "desired/b.yaml"), "hidden/b")


def test_a_remote_that_cannot_keep_it_is_to_be_asked_again(central: Path, write: Write) -> None:
    git(central, "config", "receive.maxInputSize", "10")
    writer = write(central)
    made = start(writer, "desired/b.yaml")
    with pytest.raises(SourceError, match="unpack") as caught:
        writer.push(made)
    assert caught.value.next is Next.RETRY
    git(central, "config", "--unset", "receive.maxInputSize")
    writer.push(made)


def test_a_lock_that_a_dead_process_left_is_no_lost_race(central: Path, write: Write) -> None:
    writer = write(central)
    made = start(writer, "desired/b.yaml")
    (central / "refs/heads/main.lock").touch()
    with pytest.raises(SourceError, match=r"Unable to create .*main\.lock': File exists") as caught:
        writer.push(made)
    assert type(caught.value) is SourceError
    (central / "refs/heads/main.lock").unlink()
    writer.push(made)


_FORGES = [
    (
        "!\tx:refs/heads/main\t[remote rejected] (protected branch hook declined)",
        "remote: error: GH006: Protected branch update failed for refs/heads/main.\nremote: error: Use a pull request.",
        RejectedError,
        "protected branch hook declined: error: GH006: Protected branch update failed for refs/heads/main. error: Use",
    ),
    ("!\tx:refs/heads/main\t[remote rejected] (Internal Server Error)", "", SourceError, "Internal Server Error"),
    ("!\tx:refs/heads/main\t[remote failure] (remote failed to report status)", "", UnsureError, "said nothing"),
    ("!\tx:refs/heads/main\t[remote rejected] (incorrect old value provided)", "", RacedError, "pushed first"),
    (
        "",
        "remote: Permission to x denied to bot.\nfatal: unable to access 'https://forge/': … returned error: 403",
        SourceError,
        "Permission to x denied to bot",
    ),
    ("", "error: RPC failed; HTTP 502 curl 22 The requested URL returned error: 502", UnsureError, "HTTP 502"),
    ("", "ssh: Could not resolve hostname x\nfatal: Could not read from remote repository.", SourceError, "resolve"),
]


@pytest.mark.parametrize(("output", "errors", "kind", "words"), _FORGES)
def test_what_forges_say(output: str, errors: str, kind: type[SourceError], words: str) -> None:
    error = judge("https://forge/x", Said(1, f"To https://forge/x\n{output}\nDone\n", errors))
    assert type(error) is kind
    assert words in str(error)


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
    errors: list[SourceError] = []

    def push() -> None:
        try:
            writer.push(made)
        except SourceError as error:
            errors.append(error)

    thread = threading.Thread(target=push)
    thread.start()
    until = time.monotonic() + 30
    while not (tmp_path / "in").exists() and time.monotonic() < until:
        time.sleep(0.02)
    assert writer.head().sha != made.sha, "who reads is not kept waiting by a push"
    writer._source.close()
    thread.join(15)
    assert not thread.is_alive()
    assert [type(error) for error in errors] == [UnsureError]
    assert is_free(central)
    with pytest.raises(SourceError, match="the source is closed"):
        writer.push(made)
