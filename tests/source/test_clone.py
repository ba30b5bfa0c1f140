import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from reconciler.errors import Next, SettingsError, SourceError


def texts(source):
    return {path: file.text for path, file in source.read(source.refresh()).files.items()}


@pytest.fixture
def clone(tmp_path):
    return tmp_path / "state" / "source.git"


# What is followed


def test_the_repositorys_own_head_is_followed(repository, follow):
    repository.git("branch", "--move", "trunk")
    source = follow(repository.folder)
    first = source.refresh()
    assert source.refresh() == first
    repository.commit("second", {"desired/a.yaml": "a: 2\n"})
    assert source.refresh().subject == "second"
    assert texts(source) == {"desired/a.yaml": "a: 2\n"}


def test_a_branch_is_followed(repository, follow):
    repository.git("branch", "feature/x")
    repository.commit("only on main")
    assert follow(repository.folder, branch="feature/x").refresh().subject == "first"


@pytest.mark.parametrize("options", [(), ("--annotate", "--message=v1")], ids=["light", "annotated"])
def test_a_tag_is_followed_also_when_it_moves(repository, follow, options):
    repository.git("tag", *options, "v1")
    repository.commit("second")
    source = follow(repository.folder, tag="v1")
    assert source.refresh().subject == "first"
    repository.git("tag", "--force", *options, "v1")
    assert source.refresh().subject == "second"


def test_a_fixed_commit_is_kept(repository, follow):
    sha = repository.git("rev-parse", "HEAD")
    repository.commit("second")
    source = follow(repository.folder, commit=sha)
    assert source.refresh().sha == sha
    shutil.rmtree(repository.folder)
    assert source.refresh().sha == sha, "a commit never changes, so nobody is asked again"


def test_a_force_push_is_followed(repository, follow):
    source = follow(repository.folder)
    repository.commit("wrong", {"desired/a.yaml": "a: 2\n"})
    wrong = source.refresh()
    repository.git("commit", "--quiet", "--amend", "-m", "right")
    repository.git("reset", "--quiet", "--hard", "HEAD~1")
    assert source.refresh().subject == "first"
    assert source.read(wrong).files["desired/a.yaml"].text == "a: 2\n", "what ran until now can still be read"


def test_settings_may_change_branch_and_repository(repository, follow, tmp_path):
    repository.git("branch", "other")
    repository.commit("second")
    assert follow(repository.folder).refresh().subject == "second"
    assert follow(repository.folder, branch="other").refresh().subject == "first"
    moved = shutil.copytree(repository.folder, tmp_path / "moved")
    repository.commit("not there")
    assert follow(moved).refresh().subject == "second"


def test_two_choices_are_refused(repository, follow):
    with pytest.raises(SettingsError, match="branch and tag are set; expected at most one"):
        follow(repository.folder, branch="main", tag="v1")


# Where it is


@pytest.mark.parametrize("form", ["{}/.git", "file://{}", "{}/../team"])
def test_forms_of_a_local_address(repository, follow, form):
    assert follow(form.format(repository.folder)).refresh().subject == "first"


def test_a_bare_repository_and_a_further_work_tree(repository, follow, tmp_path):
    repository.git("clone", "--quiet", "--bare", ".", str(tmp_path / "bare.git"))
    assert follow(tmp_path / "bare.git").refresh().subject == "first"
    repository.git("worktree", "add", "--quiet", "-b", "side", str(tmp_path / "side"))
    assert follow(tmp_path / "side").refresh().subject == "first"


def test_a_shallow_repository_is_read_with_the_history_it_has(repository, follow, tmp_path):
    repository.commit("second", {"desired/a.yaml": "a: 2\n"})
    repository.git("clone", "--quiet", "--depth=1", f"file://{repository.folder}", str(tmp_path / "shallow"))
    source = follow(tmp_path / "shallow")
    revision = source.refresh()
    assert [change.revision.subject for change in source.history(revision)] == ["second"]
    assert list(source.earlier(revision, "desired/a.yaml")) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_local_repository_of_another_user_is_read(repository, follow):
    for place in (repository.folder, *repository.folder.rglob("*")):
        os.chown(place, 65534, 65534, follow_symlinks=False)
    assert follow(repository.folder).refresh().subject == "first"


def test_a_remote_repository_is_followed(remote, repository, follow):
    source = follow(remote)
    assert source.refresh().subject == "first"
    sha = repository.commit("second", {"desired/a.yaml": "a: 2\n"})
    assert source.refresh().sha == sha
    assert texts(source) == {"desired/a.yaml": "a: 2\n"}


def test_a_hook_that_runs_the_source_does_not_lead_it_astray(repository, follow, tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "log.showSignature")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "true")
    assert texts(follow(repository.folder)) == {"desired/a.yaml": "a: 1\n"}


def test_the_clone_has_no_hooks_no_work_tree_and_no_other_reader(repository, follow, clone):
    follow(repository.folder).refresh()
    assert clone.stat().st_mode & 0o077 == 0
    assert not (clone / "hooks").exists()
    assert not list(clone.rglob("*.yaml"))


# What may be wrong with it


@pytest.mark.parametrize(
    ("settings", "words"),
    [({"branch": "nope"}, "there is no branch nope"), ({"tag": "v9"}, "there is no tag v9")],
)
def test_what_is_not_there_is_named(repository, follow, settings, words):
    with pytest.raises(SourceError, match=words) as caught:
        follow(repository.folder, **settings).refresh()
    assert caught.value.next is Next.RETRY


@pytest.mark.parametrize("name", ["*", "main:refs/heads/x", "--upload-pack=id", "main^"])
def test_odd_names_of_branches_match_nothing(repository, follow, name):
    with pytest.raises(SourceError, match="there is no branch"):
        follow(repository.folder, branch=name).refresh()


def test_an_empty_repository_says_so_until_its_first_commit(repository, follow, tmp_path):
    subprocess.run(["git", "init", "--quiet", "--bare", "-b", "main", str(tmp_path / "empty")], check=True)
    source = follow(tmp_path / "empty")
    with pytest.raises(SourceError, match="there is no HEAD; push a first commit"):
        source.refresh()
    repository.git("push", "--quiet", str(tmp_path / "empty"), "main")
    assert source.refresh().subject == "first"


def test_a_tag_on_something_else_is_refused(repository, follow):
    repository.git("tag", "v1", repository.blob("x"))
    with pytest.raises(SourceError, match="tag v1 is not a commit"):
        follow(repository.folder, tag="v1").refresh()


def test_a_repository_that_goes_away_leaves_the_last_revision_readable(repository, follow, tmp_path):
    source = follow(repository.folder)
    revision = source.refresh()
    repository.folder.rename(tmp_path / "away")
    with pytest.raises(SourceError, match=r"team: fatal: .*does not (exist|appear to be a git repository)"):
        source.refresh()
    assert source.read(revision).files["desired/a.yaml"].text == "a: 1\n"
    (tmp_path / "away").rename(repository.folder)
    assert source.refresh() == revision


def test_git_is_not_installed(repository, follow, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SourceError, match="git is not installed; install it"):
        follow(repository.folder).refresh()


def test_nobody_listens(follow):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(SourceError, match=rf"git://127\.0\.0\.1:{port}/x: .*[Cc]onnection refused"):
        follow(f"git://127.0.0.1:{port}/x").refresh()


class _Doorman(BaseHTTPRequestHandler):
    """Notes what it is shown, and lets nobody in."""

    seen: list[tuple[str, str | None]]

    def do_GET(self):
        self.seen.append((self.path, self.headers["Authorization"]))
        self.send_error(404)

    def log_message(self, *_words):
        """Say nothing."""


def test_a_password_is_sent_to_the_server_and_shown_to_nobody_else(follow):
    _Doorman.seen = []
    with ThreadingHTTPServer(("127.0.0.1", 0), _Doorman) as server:
        url = f"http://127.0.0.1:{server.server_port}/team.git"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            with pytest.raises(SourceError, match=rf"{re.escape(url)}: .*not found") as error:
                follow(url.replace("//", "//me:s3cret@")).refresh()
        finally:
            server.shutdown()
    assert _Doorman.seen == [("/team.git/info/refs?service=git-upload-pack", "Basic bWU6czNjcmV0")]
    assert "s3cret" not in str(error.value)
    assert "bWU6czNjcmV0" not in str(error.value)


@pytest.fixture
def silent():
    """URL of a server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"git://127.0.0.1:{server.getsockname()[1]}/x"


def test_a_server_that_says_nothing_is_left_after_the_timeout(silent, follow):
    start = time.monotonic()
    with pytest.raises(SourceError, match=r"no answer in 1 s; a larger source\.timeout may help"):
        follow(silent, timeout="1s").refresh()
    assert time.monotonic() - start < 4


def test_close_ends_a_refresh_under_way(silent, follow):
    source = follow(silent, timeout="60s")
    errors = []

    def refresh():
        try:
            source.refresh()
        except SourceError as error:
            errors.append(error)

    thread = threading.Thread(target=refresh)
    thread.start()
    time.sleep(0.3)
    source.close()
    thread.join(5)
    assert not thread.is_alive()
    assert len(errors) == 1


# What may happen to the clone


def _truncate(clone: Path) -> None:
    for file in (clone / "objects").rglob("*"):
        if file.is_file():
            file.chmod(0o600)
            file.write_bytes(file.read_bytes()[:-30])


def _lock_ref(clone: Path) -> None:
    (clone / "refs" / "reconciler" / "head.lock").touch()


def _replace_by_file(clone: Path) -> None:
    shutil.rmtree(clone)
    clone.write_text("no folder")


@pytest.mark.parametrize(
    "harm",
    [
        shutil.rmtree,
        _truncate,
        _lock_ref,
        _replace_by_file,
        lambda clone: shutil.rmtree(clone / "objects"),
        lambda clone: shutil.rmtree(clone / "refs"),
        lambda clone: (clone / "HEAD").unlink(),
        lambda clone: (clone / "config").write_text("[half"),
        lambda clone: (clone / "refs" / "reconciler" / "head").write_text(""),
        lambda clone: (clone / "refs" / "reconciler" / "head").write_text("f" * 40 + "\n"),
    ],
    ids=["gone", "cut short", "locked", "a file", "no objects", "no refs", "no HEAD", "config", "empty ref", "bad ref"],
)
def test_a_broken_clone_mends_itself(repository, follow, clone, harm):
    source = follow(repository.folder)
    source.refresh()
    harm(clone)
    repository.commit("second", {"desired/a.yaml": "a: 2\n"})
    assert texts(source) == {"desired/a.yaml": "a: 2\n"}
    assert sorted(place.name for place in clone.parent.iterdir()) == ["source.git"]


def test_a_clone_that_breaks_between_two_reads_mends_itself(repository, follow, clone):
    source = follow(repository.folder)
    revision = source.refresh()
    shutil.rmtree(clone / "objects")
    assert source.read(revision).files["desired/a.yaml"].text == "a: 1\n"
    shutil.rmtree(clone / "objects")
    assert [change.revision for change in source.history(revision)] == [revision]


@pytest.fixture
def slow_ssh(tmp_path):
    """Environment with a program in place of ssh that stalls in the middle of a large answer; ends all it started."""
    pids = tmp_path / "pids"
    program = tmp_path / "slow-ssh"
    program.write_text(
        f'#!/bin/sh\nfor words; do :; done\nsh -c "$words" | {{\n'
        f"dd bs=1000 count=3000 2>/dev/null; read rest && echo $$ >{pids} && exec sleep 60; }}\n"
    )
    program.chmod(0o700)
    yield {"GIT_SSH_COMMAND": str(program), "GIT_SSH_VARIANT": "ssh"}
    if pids.exists():  # git leads a session of its own and survives its daemon
        os.killpg(os.getsid(int(pids.read_text())), signal.SIGKILL)


def test_a_daemon_killed_in_the_middle_of_the_first_clone_starts_again(
    repository, follow, clone, until, slow_ssh, tmp_path
):
    repository.commit("large", {"large.bin": os.urandom(4 * 2**20)})
    child = (
        "from pathlib import Path\nfrom reconciler.settings import SourceSettings\n"
        "from reconciler.source.git import GitSource\n"
        f"settings = SourceSettings(url='git@host:{repository.folder}')\n"
        f"GitSource(settings, Path({str(clone.parent)!r}), None).refresh()\n"
    )
    with subprocess.Popen([sys.executable, "-c", child], env={**os.environ, **slow_ssh}) as process:
        try:
            until((tmp_path / "pids").exists)
        finally:
            process.kill()
    assert [place.name for place in clone.parent.iterdir()] == ["source.new"]
    assert texts(follow(repository.folder)) == {"desired/a.yaml": "a: 1\n"}
    assert sorted(place.name for place in clone.parent.iterdir()) == ["source.git"]


def test_readers_in_other_threads_see_whole_revisions_while_the_clone_is_made_anew(repository, follow, clone):
    source = follow(repository.folder)
    revision = source.refresh()
    for number in range(5):
        repository.commit(f"to {number}", {"desired/a.yaml": f"a: {number + 2}\n"})
    revision = source.refresh()
    problems = []

    def read():
        for _ in range(10):
            found = [file.text for _, file in source.earlier(revision, "desired/a.yaml")]
            if found != [f"a: {number}\n" for number in (5, 4, 3, 2, 1)]:
                problems.append(found)

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(3):
        repository.git("config", "--file", str(clone / "config"), "reconciler.url", "another")
        source.refresh()
    for thread in threads:
        thread.join()
    assert problems == []
