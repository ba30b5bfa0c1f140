"""Pushes over HTTP and over SSH, to real servers on loopback: with and without credentials, down, silent and deaf."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.git_server import HttpGit, SshGit
from reconciler.errors import Next, RacedError, RejectedError, SourceError, UnsureError
from reconciler.source.repository import GitRepository
from tests.e2e.world import until
from tests.source.conftest import Repository
from tests.source.writing import Pushing, Write, git, hook, is_clean, is_free, refs, start

_PASSWORD = "s3cret/with:signs@"


@pytest.fixture
def http(central: Path) -> Iterator[HttpGit]:
    with HttpGit(central.parent, user="ada", password=_PASSWORD) as server:
        yield server


@pytest.fixture
def ssh(central: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SshGit]:
    with SshGit(central.parent) as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        yield server


def lands(writer: GitRepository, central: Path, repository: Repository) -> None:
    """One push to the branch, one to a new branch, one that loses a race, and one that is refused."""
    made = start(writer, "desired/b.yaml")
    writer.push(made)
    writer.push(made, "reconciler/größe")
    assert refs(central) == {"refs/heads/main": made.sha, "refs/heads/reconciler/größe": made.sha}
    assert writer.branch == "main"
    assert writer.branches("reconciler/") == {"reconciler/größe": made.sha}
    late = start(writer, "desired/c.yaml")
    repository.git("pull", "--quiet", str(central), "main")
    repository.commit("first came this")
    repository.git("push", "--quiet", str(central), "main")
    with pytest.raises(RacedError):
        writer.push(late)
    hook(central, "pre-receive", "echo 'not on a Friday: https://me:secret@forge/rules'", "exit 1")
    with pytest.raises(RejectedError, match="pre-receive hook declined: not on a Friday: https://forge/rules"):
        writer.push(start(writer, "desired/c.yaml"))
    assert git(central, "log", "--format=%s", "main") == "first came this\nStart x\nfirst"
    assert is_clean(central)


def test_http_with_a_password(http: HttpGit, central: Path, repository: Repository, write: Write) -> None:
    lands(write(http.url("central.git")), central, repository)


def test_ssh_with_a_key(ssh: SshGit, central: Path, repository: Repository, write: Write) -> None:
    lands(write(ssh.url("central.git")), central, repository)


def test_a_large_commit_goes_over_http_in_pieces(http: HttpGit, central: Path, write: Write) -> None:
    writer = write(http.url("central.git"))
    text = "".join(f"k{number}: {hash((number, 'x'))}\n" for number in range(120_000))
    made = writer.commit(writer.head(), {"desired/large.yaml": text}, "large", "Ada")
    writer.push(made)
    assert git(central, "show", "main:desired/large.yaml") == text.rstrip("\n")


def surely_not(writer: GitRepository, made_before: object, words: str) -> None:
    """A push fails with these words, and it is certain that nothing happened."""
    with pytest.raises(SourceError, match=words) as caught:
        writer.push(made_before)  # type: ignore[arg-type]
    assert type(caught.value) is SourceError
    assert caught.value.next is Next.RETRY
    assert _PASSWORD not in str(caught.value)


def test_http_down_between_commit_and_push(http: HttpGit, central: Path, write: Write) -> None:
    writer = write(http.url("central.git"))
    made = start(writer, "desired/b.yaml")
    http.stop()
    surely_not(writer, made, "[Cc]onnect")
    with pytest.raises(SourceError):
        writer.head()
    http.start()
    writer.push(made)
    assert refs(central) == {"refs/heads/main": made.sha}


def test_ssh_down_between_commit_and_push(ssh: SshGit, central: Path, write: Write) -> None:
    writer = write(ssh.url("central.git"))
    made = start(writer, "desired/b.yaml")
    ssh.stop()
    surely_not(writer, made, "Connection refused")
    ssh.start()
    writer.push(made)
    assert refs(central) == {"refs/heads/main": made.sha}


def test_a_wrong_password(http: HttpGit, write: Write) -> None:
    writer = write(http.url("central.git"))
    made = start(writer, "desired/b.yaml")
    http.password = "another"
    surely_not(writer, made, r"the user and password in source\.url are missing or refused")
    with pytest.raises(SourceError, match=r"the user and password in source\.url are missing or refused"):
        writer.head()


def test_a_key_that_nobody_knows(ssh: SshGit, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = write(ssh.url("central.git"))
    made = start(writer, "desired/b.yaml")
    monkeypatch.setenv("GIT_SSH_COMMAND", ssh.stranger["GIT_SSH_COMMAND"])
    surely_not(writer, made, "Permission denied")


def test_http_without_the_right_to_push(http: HttpGit, central: Path, write: Write) -> None:
    git(central, "config", "http.receivepack", "false")
    writer = write(http.url("central.git"))
    surely_not(writer, start(writer, "desired/b.yaml"), "403")


def test_a_server_that_says_nothing(http: HttpGit, central: Path, write: Write) -> None:
    writer = write(http.url("central.git"), timeout="1s")
    made = start(writer, "desired/b.yaml")
    http.silent = True
    began = time.monotonic()
    with pytest.raises(UnsureError, match=r"no answer in 1 s"):
        writer.push(made)
    assert time.monotonic() - began < 15, "the push a second, and the look at what became of it"
    http.silent = False
    writer.push(made)
    assert refs(central) == {"refs/heads/main": made.sha}


def test_an_answer_that_was_lost_on_the_way(http: HttpGit, central: Path, write: Write) -> None:
    """The server did it and closed the connection. The repository is asked, and tells."""
    writer = write(http.url("central.git"))
    made = start(writer, "desired/b.yaml")
    http.deaf = "POST /central.git/git-receive-pack"
    writer.push(made)
    assert refs(central) == {"refs/heads/main": made.sha}
    assert len([one for one in http.requests if one.endswith("/git-receive-pack")]) == 1
    hook(central, "pre-receive", "exit 1")
    with pytest.raises(UnsureError, match="Empty reply"):
        writer.push(start(writer, "desired/c.yaml"))


def test_a_connection_cut_while_the_hook_runs_leaves_it_open(http: HttpGit, central: Path, write: Write) -> None:
    writer = write(http.url("central.git"), timeout="20s")
    made = start(writer, "desired/b.yaml")
    hook(central, "pre-receive", f"touch {central}/in", "sleep 1", "exit 1")
    push = Pushing(writer, made)
    until("the hook runs", (central / "in").exists, 30)
    http.stop()
    push.join(60)
    assert [type(error) for error in push.errors] == [UnsureError], push.errors
    assert is_free(central)


def test_a_session_of_ssh_that_is_cut_leaves_it_open(ssh: SshGit, central: Path, write: Write) -> None:
    """The hook ends the session that it came by; Git over there goes on without it."""
    writer = write(ssh.url("central.git"))
    made = start(writer, "desired/b.yaml")
    climb = "while [ $(cat /proc/$p/comm) != sshd ]; do p=$(cut -d' ' -f4 /proc/$p/stat); done"
    wait = f"while [ ! -e {central}/go ]; do sleep 0.1; done"
    hook(central, "pre-receive", f"p=$PPID; {climb}", "kill -9 $p", f"( {wait} ) </dev/null >/dev/null 2>&1")
    with pytest.raises(UnsureError, match="hung up unexpectedly"):
        writer.push(made)
    (central / "go").touch()
    until = time.monotonic() + 30
    while refs(central)["refs/heads/main"] != made.sha and time.monotonic() < until:
        time.sleep(0.05)
    assert writer.head() == made, "it came through after all, and the next look tells"
