"""The daemon's own doors: its socket follows the lock on the state folder, through ends of every kind."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.cli.console import PROGRAM
from tests.e2e.world import until
from tests.web.door.certificates import write_pair
from tests.web.door.rooms import parse, read_all, request


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    """A daemon's settings: an empty repository, a cluster whose commands are not there."""
    repository = tmp_path / "desired.git"
    git = ["git", "-c", "user.name=Door", "-c", "user.email=door@localhost.invalid"]
    subprocess.run([*git, "init", "--quiet", "--initial-branch=main", repository], check=True)
    subprocess.run([*git, "-C", repository, "commit", "--quiet", "--allow-empty", "--message=door"], check=True)
    folders = {"data": str(tmp_path / "data"), "logs": str(tmp_path / "logs")}
    slurm = {"kind": "slurm", "folders": folders, "transport": {"bin": str(tmp_path / "nothing")}}
    return write(tmp_path, {"owner": "door", "source": {"url": str(repository)}, "targets": {"slurm": slurm}})


def write(folder: Path, content: dict[str, object], **http: object) -> Path:
    path = folder / "reconciler.yaml"
    http = {"listen": "127.0.0.1:0"} | http
    path.write_text(json.dumps(content | {"state": str(folder / "state"), "http": http}), "utf-8")
    return path


@contextmanager
def daemon(settings: Path) -> Iterator[subprocess.Popen[bytes]]:
    log = settings.with_name("daemon.log").open("ab")
    with log, subprocess.Popen([PROGRAM, "run", "--config", settings], stdout=log, stderr=log) as process:
        try:
            yield process
        finally:
            process.kill()


def answers(path: Path) -> bool:
    """Whether somebody serves pages there."""
    try:
        with socket.socket(socket.AF_UNIX) as one:
            one.settimeout(30)
            one.connect(str(path))
            one.sendall(request("GET", "/status", "any"))
            answer = parse(read_all(one))
    except (OSError, IndexError):
        return False
    return answer.status == 200


def test_the_socket_is_the_leaders(settings: Path) -> None:
    path = settings.parent / "state" / "api.sock"
    with ExitStack() as stack:
        first = stack.enter_context(daemon(settings))
        until("the first one serves", lambda: answers(path))
        of_first = path.lstat().st_ino
        second = stack.enter_context(daemon(settings))
        log = settings.with_name("daemon.log")
        until("the second one waits", lambda: "waiting for it to end" in log.read_text("utf-8"))
        assert path.lstat().st_ino == of_first
        assert answers(path)
        first.send_signal(signal.SIGTERM)
        assert first.wait(30) == 0
        until("the second one serves", lambda: answers(path))
        second.kill()
        second.wait(30)
        assert path.exists(), "what was killed leaves it behind"
        assert not answers(path)
        (path.parent / ".socket-left").mkdir()
        third = stack.enter_context(daemon(settings))
        until("the third one serves", lambda: answers(path))
        assert path.stat().st_mode & 0o777 == 0o600
        third.send_signal(signal.SIGTERM)
        assert third.wait(30) == 0
        assert not path.exists()
    assert list(path.parent.glob(".socket*")) == []


def test_a_state_folder_that_can_have_no_socket_is_said_and_the_daemon_goes_on(settings: Path) -> None:
    state, log = settings.parent / "state", settings.with_name("daemon.log")
    (state / "api.sock" / "something").mkdir(parents=True)
    with daemon(settings) as one:
        until("it says where it is", (state / "http").exists)
        one.send_signal(signal.SIGTERM)
        assert one.wait(30) == 0
    assert "api.sock cannot be made: Is a directory; see http.socket" in log.read_text("utf-8")


def test_tls_and_no_socket_as_the_settings_say(settings: Path) -> None:
    files = write_pair(settings.parent)
    content = json.loads(settings.read_text("utf-8"))
    write(settings.parent, content, socket=False, tls={"certificate": str(files.certificate), "key": str(files.key)})
    state = settings.parent / "state"
    with daemon(settings) as one:
        until("it says where it is", (state / "http").exists)
        assert (state / "http").read_text("utf-8").startswith("https://127.0.0.1:")
        assert not (state / "api.sock").exists()
        one.send_signal(signal.SIGTERM)
        assert one.wait(30) == 0
