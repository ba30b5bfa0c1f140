"""The unix socket: whose it is, that nobody else opens it, and that it is never in the way of the next daemon."""

from __future__ import annotations

import os
import pwd
import socket
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from lab.user import lab_user
from reconciler.errors import SettingsError
from reconciler.models.proposal import Caller, Role
from reconciler.settings import HttpSettings, RequestLimits, TokenSettings
from reconciler.settings.secret import hash_of, make_token
from reconciler.web.door.unix import SocketFile
from tests.web.door.rooms import Answer, parse, read_all, request, room

ME = pwd.getpwuid(os.geteuid()).pw_name


def ask(path: Path, method: str, target: str, body: bytes | None = None, **headers: str) -> Answer:
    """Over a socket at a path of any length."""
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        with socket.socket(socket.AF_UNIX) as one:
            one.settimeout(30)
            one.connect(f"/proc/self/fd/{folder}/{path.name}")
            one.sendall(request(method, target, "anything.example", body, **headers))
            return parse(read_all(one))
    finally:
        os.close(folder)


def test_whoever_may_open_it_is_the_daemons_own_user(tmp_path: Path) -> None:
    path = tmp_path / "api.sock"
    limits = RequestLimits(reads=1, writes=1)
    with room(HttpSettings(limits=limits), path) as one:
        assert stat.S_IMODE(path.lstat().st_mode) == 0o600
        assert list(tmp_path.iterdir()) == [path]
        answers = [ask(path, "POST", "/door-write", b"{}") for _ in range(5)]
        assert [answer.status for answer in answers] == [200] * 5
        assert {caller for caller, _ in one.writes} == {Caller(ME, "socket", Role.ADMIN)}
        assert ask(path, "GET", "/metrics").status == 200
        assert one.ask("GET", "/door-who").json["through"] == "loopback"
    assert list(tmp_path.iterdir()) == []


def test_who_sends_a_token_there_is_who_the_token_says(tmp_path: Path) -> None:
    path, token = tmp_path / "api.sock", make_token()
    reader = TokenSettings(name="door-reader", sha256=hash_of(token))
    with room(HttpSettings(tokens=(reader,)), path):
        assert ask(path, "POST", "/door-write", b"{}", Authorization=f"Bearer {token}").status == 403
        assert ask(path, "GET", "/door-who", Authorization="Bearer rcl_wrong").status == 401


def test_bodies_have_bounds_there_too(tmp_path: Path) -> None:
    path = tmp_path / "api.sock"
    with room(socket_path=path):
        assert ask(path, "POST", "/door-write", b"[" * 70_000).status == 413
        assert ask(path, "POST", "/door-write", b'{"a": NaN}').status == 400


def test_a_path_that_is_longer_than_the_kernel_takes(tmp_path: Path) -> None:
    path = tmp_path / ("a" * 100) / ("b" * 100) / "api.sock"
    path.parent.mkdir(parents=True)
    with room(socket_path=path):
        assert ask(path, "GET", "/door-who").json["name"] == ME
    assert not path.exists()


@pytest.mark.parametrize("left", ["socket", "file", "link"])
def test_what_was_left_behind_is_replaced(tmp_path: Path, left: str) -> None:
    path, other = tmp_path / "api.sock", tmp_path / "other"
    other.write_text("mine", "utf-8")
    if left == "socket":
        with socket.socket(socket.AF_UNIX) as old:
            old.bind(str(path))
    elif left == "file":
        path.write_text("old", "utf-8")
    else:
        path.symlink_to(other)
    with room(socket_path=path):
        assert ask(path, "GET", "/door-who").json["name"] == ME
        assert stat.S_ISSOCK(path.lstat().st_mode)
    assert other.read_text("utf-8") == "mine"


def test_the_file_of_the_next_daemon_stays(tmp_path: Path) -> None:
    path = tmp_path / "api.sock"
    with room(socket_path=path):
        younger = SocketFile(path, 10)
    assert stat.S_ISSOCK(path.lstat().st_mode)
    younger.remove()
    younger.listener.close()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"api\.sock cannot be made: No such file or directory; see http\.socket"):
        SocketFile(tmp_path / "nothing" / "api.sock", 10)


def test_another_user_cannot_open_it() -> None:
    user = lab_user()
    if user is None:
        pytest.skip("there is another user to try it as only where root runs the tests")
    with tempfile.TemporaryDirectory() as folder, room(socket_path=Path(folder) / "api.sock"):
        Path(folder).chmod(0o755)
        path = Path(folder) / "api.sock"
        program = f"import socket; socket.socket(socket.AF_UNIX).connect({str(path)!r})"
        argv = user.command([sys.executable, "-S", "-c", program])
        assert "PermissionError" in tried(argv).stderr
        path.chmod(0o666)  # what keeps it out is the mode of the file, and nothing else
        assert tried(argv).stderr == ""


def tried(argv: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False, cwd="/")
