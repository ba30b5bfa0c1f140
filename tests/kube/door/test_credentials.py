"""Credentials that change: token files, plugins, certificates, the kubeconfig itself. None of them is ever printed."""

from __future__ import annotations

import json
import shutil
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from lab.kubernetes_objects import DAEMON
from reconciler.errors import LookError, UnreachableError
from reconciler.kube.door import kubeconfig, plugin
from reconciler.kube.door.client import Client
from reconciler.kube.kinds import CONFIG_MAP, Kind
from tests.kube.conftest import Cluster, until
from tests.kube.services import target

_EMPTY = json.dumps({"kind": "ConfigMapList", "items": [], "metadata": {"resourceVersion": "7"}}).encode()
_ITEM = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "ai"}}
_SECRET = Kind("Secret", "v1", "secrets")


class Server:
    """An API server with nothing in it. `token` is what it accepts; a watch of it brings nothing."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.token = "one"
        self.asked: list[str] = []
        self.closing = threading.Event()


@contextmanager
def _serving() -> Iterator[Server]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            given = self.headers.get("Authorization", "")
            made.asked.append(given)
            good = given == f"Bearer {made.token}"
            watch = good and "watch=true" in self.path
            self.send_response(200 if good else 401)
            self.send_header("Content-Length", "1000" if watch else str(len(_EMPTY)))
            self.end_headers()
            if watch:
                made.closing.wait(20.0)
            else:
                self.wfile.write(_EMPTY)

        do_PATCH = do_GET  # noqa: N815 - the name that http.server calls

        def log_message(self, *_: object) -> None:
            """Nothing is printed."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        made = Server(server.server_port)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield made
        finally:
            made.closing.set()
            server.shutdown()


@pytest.fixture
def server() -> Iterator[Server]:
    with _serving() as made:
        yield made


def _write(folder: Path, url: str, user: dict[str, Any]) -> Path:
    path = folder / "kubeconfig"
    content = {
        "current-context": "c",
        "clusters": [{"name": "c", "cluster": {"server": url}}],
        "users": [{"name": "u", "user": user}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
    }
    path.write_text(json.dumps(content))
    return path


@contextmanager
def _client(path: Path) -> Iterator[Client]:
    client = Client(target(kubeconfig=str(path), timeout="1s"), 2)
    try:
        yield client
    finally:
        client.close()


def _list(client: Client) -> str:
    return client.list(CONFIG_MAP, "ai", "").version


def test_a_token_file_that_is_rotated_costs_no_error(server: Server, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("one\n")
    with _client(_write(tmp_path, server.url, {"tokenFile": "token"})) as client:
        assert _list(client) == "7"
        (tmp_path / "new").write_text("two\n")
        (tmp_path / "new").replace(tmp_path / "token")
        server.token = "two"
        assert _list(client) == "7"
        assert "Bearer two" in server.asked
        assert 401 not in server.asked


def test_a_token_that_is_refused_is_an_error_until_there_is_a_good_one(server: Server, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("sesame")
    with _client(_write(tmp_path, server.url, {"tokenFile": "token"})) as client:
        with pytest.raises(LookError, match="401") as caught:
            _list(client)
        with pytest.raises(UnreachableError, match="401"):
            client.apply(_ITEM)
        assert "sesame" not in str(caught.value)
        (tmp_path / "token").write_text("one")
        assert _list(client) == "7"


_PLUGIN = """
import json, pathlib, sys
place = pathlib.Path(sys.argv[1])
with (place / "runs").open("a") as runs:
    runs.write("x")
status = {"token": (place / "token").read_text(), "expirationTimestamp": (place / "until").read_text()}
print(json.dumps({"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": status}))
"""


def _exec(folder: Path, text: str, *args: str) -> dict[str, Any]:
    (folder / "plugin.py").write_text(text)
    call = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": sys.executable,
        "args": [str(folder / "plugin.py"), str(folder), *args],
        "env": [{"name": "WORD", "value": "sesame"}],
        "interactiveMode": "Never",
    }
    return {"exec": call}


def _expires(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")  # noqa: TID251 - a test


def test_a_plugin_is_run_when_its_token_expires_or_is_refused(server: Server, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("one")
    (tmp_path / "until").write_text(_expires(3600))
    with _client(_write(tmp_path, server.url, _exec(tmp_path, _PLUGIN))) as client:
        assert [_list(client) for _ in range(3)] == ["7"] * 3
        assert (tmp_path / "runs").read_text() == "x"
        server.token = "two"
        (tmp_path / "token").write_text("two")
        (tmp_path / "until").write_text(_expires(1))
        assert _list(client) == "7"
        assert (tmp_path / "runs").read_text() == "xx"
        time.sleep(1.1)  # its token expires
        assert _list(client) == "7"
        assert (tmp_path / "runs").read_text() == "xxx"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("import sys; print('sesame'); print('sesame', file=sys.stderr); sys.exit(3)", "it ended with exit code 3"),
        ("print('sesame')", "it did not print an ExecCredential"),
        ('print(\'{"apiVersion": "v9", "status": {"token": "sesame"}}\')', "it speaks v9"),
        ('print(\'{"apiVersion": "client.authentication.k8s.io/v1", "status": {"x": "sesame"}}\')', "gave neither"),
        ("import time; print('sesame', flush=True); time.sleep(9)", "it did not end within 1 s"),
    ],
)
def test_what_a_plugin_prints_is_in_no_error_and_no_log(
    server: Server,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    text: str,
    words: str,
) -> None:
    path = _write(tmp_path, server.url, _exec(tmp_path, text))
    with _client(path) as client, pytest.raises(LookError, match=words) as caught:
        _list(client)
    printed = capfd.readouterr()
    assert "sesame" not in str(caught.value) + caplog.text + printed.out + printed.err


_TELLING = """#!/bin/sh
echo "$KUBERNETES_EXEC_INFO" > "$(dirname "$0")/told"
echo '{"apiVersion": "client.authentication.k8s.io/v1", "status": {"token": "one"}}'
"""


def test_a_plugin_beside_the_kubeconfig_is_told_the_cluster_when_it_wants_to_know(
    server: Server, tmp_path: Path
) -> None:
    script = tmp_path / "plugin.sh"
    script.write_text(_TELLING)
    script.chmod(0o755)
    call = {"apiVersion": "client.authentication.k8s.io/v1", "command": "./plugin.sh", "provideClusterInfo": True}
    with _client(_write(tmp_path, server.url, {"exec": call})) as client:
        assert _list(client) == "7"
    told = json.loads((tmp_path / "told").read_text())
    assert told["spec"] == {"interactive": False, "cluster": {"server": server.url}}


def test_a_plugin_that_is_not_there_is_named() -> None:
    with pytest.raises(ValueError, match="exec plugin /none/there: cannot be run: No such file"):
        plugin.run({"command": "/none/there", "apiVersion": "client.authentication.k8s.io/v1"}, 1.0)


def test_a_kubeconfig_that_names_another_server_ends_the_streams_of_the_old_one(tmp_path: Path) -> None:
    broke: list[LookError] = []

    def follow(client: Client) -> None:
        try:
            with client.watch(CONFIG_MAP, "ai", "", "7") as stream:
                list(stream.events())
        except LookError as error:
            broke.append(error)

    with _serving() as old, _serving() as new, _client(_write(tmp_path, old.url, {"token": "one"})) as client:
        thread = threading.Thread(target=follow, args=(client,))
        thread.start()
        until(lambda: old.asked)
        until(lambda: client._session._streams)
        _write(tmp_path, new.url, {"token": "one"})
        until(lambda: client.ping(CONFIG_MAP, "ai") == "7" and new.asked)
        thread.join(5.0)
    assert [str(error) for error in broke] == [
        f"watch ConfigMaps in ai: the kubeconfig names another server now: {new.url}"
    ]


@pytest.mark.controlplane
def test_a_client_certificate_that_is_rotated_on_disk_is_used(cluster: Cluster, tmp_path: Path) -> None:
    pki = cluster.facts.folder / "pki"
    for name in ("crt", "key"):
        shutil.copy(pki / f"{DAEMON}.{name}", tmp_path / name)
    path = _write(tmp_path, cluster.facts.server, {"client-certificate": "crt", "client-key": "key"})
    content = json.loads(path.read_text())
    content["clusters"][0]["cluster"]["certificate-authority"] = str(pki / "ca.crt")
    path.write_text(json.dumps(content))
    with _client(path) as client:
        with pytest.raises(LookError, match=f'User "{DAEMON}" cannot list'):
            client.list(_SECRET, "ai", "")
        for name in ("key", "crt"):
            shutil.copy(pki / f"admin.{name}", tmp_path / name)
        time.sleep(0.6)  # until files are looked at again
        assert client.list(_SECRET, "ai", "").version


def test_files_are_merged_as_kubectl_does_and_named_relative_to_themselves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = tmp_path / "one" / "config", tmp_path / "two" / "config"
    for path in (first, second):
        path.parent.mkdir()
    first.write_text("{current-context: b, users: [{name: u, user: {tokenFile: token}}]}")
    (first.parent / "token").write_text("sesame")
    second.write_text(
        "{current-context: a, users: [{name: u, user: {token: other}}], clusters: [{name: k, cluster: {server: s}}],"
        " contexts: [{name: b, context: {cluster: k, user: u}}]}"
    )
    monkeypatch.setenv("KUBECONFIG", f"{first}:{second}:{tmp_path / 'none'}")
    known = kubeconfig.read(target(), 1.0)
    assert known.context == "b"
    assert known.content["users"][0]["user"] == {"token": "sesame"}
    assert first.parent / "token" in known.files


def test_a_kubeconfig_that_is_no_yaml_is_an_error_without_its_content(tmp_path: Path) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text('users:\n- user: {token: "sesame}\n')
    with _client(path) as client, pytest.raises(LookError, match="is not YAML at line") as caught:
        _list(client)
    assert "sesame" not in str(caught.value)
