"""The ways to a daemon: TCP, TLS, the socket; tokens; what is no way."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from reconciler.client import ApiError, Client, NoAnswerError
from reconciler.errors import Next, ReconcilerError, SettingsError
from tests.client.place import Place, place
from tests.client.scripted import Answer, scripted

TOKEN = "rct_" + "a1" * 20
READER = "rct_" + "b2" * 20
TOKENS = [
    {"name": "robot", "role": "admin", "sha256": sha256(TOKEN.encode()).hexdigest()},
    {"name": "reader", "sha256": sha256(READER.encode()).hexdigest()},
]
NOTHING = {"revision": "", "author": "", "subject": "", "time": None, "error": "", "complaints": []}
EMPTY_STATUS = json.dumps({"source": NOTHING, "targets": [], "services": []})


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for localhost, and not for 127.0.0.1, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    crt, key = folder / "crt.pem", folder / "key.pem"
    words = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-days", "2", "-nodes"]
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-keyout", str(key), "-out", str(crt)]
    subprocess.run(["openssl", "req", "-x509", *kind, *words], check=True, capture_output=True)
    return crt, key


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory, certificate: tuple[Path, Path]) -> Iterator[Place]:
    crt, key = certificate
    tls = {"certificate": str(crt), "key": str(key)}
    with place(tmp_path_factory.mktemp("doors"), tls=tls, tokens=TOKENS) as made:
        yield made


def test_over_tls_with_a_token(secured: Place, certificate: tuple[Path, Path]) -> None:
    url = secured.address.replace("127.0.0.1", "localhost")
    with Client(url, TOKEN, ca_file=certificate[0]) as client:
        assert client.alive()
        made = client.start_service("web", name="door-tls")
    assert "Requested-By: robot\nRequested-Through: HTTP API (token)\n" in secured.git(
        "log", "-1", "--format=%b", made.commit
    )
    assert TOKEN not in secured.git("log", "--format=%B")


def test_a_certificate_of_nobody_trusted_and_one_for_another_name(
    secured: Place, certificate: tuple[Path, Path]
) -> None:
    with Client(secured.address.replace("127.0.0.1", "localhost"), patience=0) as client:
        with pytest.raises(NoAnswerError, match=r"CERTIFICATE_VERIFY_FAILED.*--ca-file"):
            client.status()
        assert not client.alive()
    with (
        Client(secured.address, ca_file=certificate[0], patience=0) as client,
        pytest.raises(NoAnswerError, match=r"IP address mismatch|not valid for '127\.0\.0\.1'"),
    ):
        client.status()


def test_the_state_folder_leads_to_the_socket_and_else_to_the_address(
    secured: Place, certificate: tuple[Path, Path], tmp_path: Path
) -> None:
    with Client.of_state(secured.state) as client:
        assert (client.local, client.address) == (True, str(secured.socket))
        assert client.suspend_service(client.start_service("web").service).changed
    beside = tmp_path / "state"
    beside.mkdir()
    (beside / "http").write_text(secured.address + "\n")
    (beside / "api.sock").touch()  # nobody listens there
    with Client.of_state(beside, ca_file=certificate[0]) as client:
        assert not client.local
        assert (
            client.status().services == []
        )  # the address is a number, and its own certificate is trusted all the same
        with pytest.raises(ApiError) as caught:
            client.start_service("web")
        assert (caught.value.status, caught.value.next) == (401, Next.STOP)
    with pytest.raises(NoAnswerError, match="no daemon works with it; start one") as none:
        Client.of_state(tmp_path)
    assert none.value.next is Next.RETRY


def test_who_may_read_may_not_write_and_a_wrong_token_may_nothing(
    secured: Place, certificate: tuple[Path, Path]
) -> None:
    url = secured.address.replace("127.0.0.1", "localhost")
    with Client(url, READER, ca_file=certificate[0]) as client:
        assert [one.target for one in client.targets()] in ([], ["slurm"])
        with pytest.raises(ApiError) as caught:
            client.start_service("web")
        assert caught.value.status == 403
    with Client(url, "rct_" + "c3" * 20, ca_file=certificate[0]) as client, pytest.raises(ApiError) as denied:
        client.status()
    assert denied.value.status == 401
    assert "c3c3" not in str(denied.value)


def test_a_path_that_is_too_long_for_a_socket(tmp_path: Path) -> None:
    folder = tmp_path / ("long-" * 20) / ("longer-" * 20)
    folder.mkdir(parents=True)
    with place(folder) as made:
        assert len(str(made.socket)) > 200
        with Client.of_state(made.state) as client:
            assert client.local
            assert client.list_recipes()
    held = [one.readlink() for one in Path("/proc/self/fd").iterdir() if one.is_symlink()]
    assert [one for one in held if one.is_relative_to(tmp_path)] == []


def test_proxies_are_not_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted(Answer(body=EMPTY_STATUS)) as there, scripted(Answer(502, "of the proxy", "text/plain")) as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.setenv("NO_PROXY", "")
        monkeypatch.setenv("no_proxy", "")
        for url in (there.url, there.url.replace("127.0.0.1", "localhost")):
            with Client(url) as client:
                assert client.status().services == []
        assert proxy.asked == []
        with (
            Client("http://elsewhere.invalid:9464", patience=0) as client,
            pytest.raises(ApiError, match="502 Bad Gate"),
        ):
            client.status()
        assert [one.path for one in proxy.asked] == ["http://elsewhere.invalid:9464/status"]


def test_below_the_path_of_a_proxy_in_front() -> None:
    with scripted(Answer(body=EMPTY_STATUS)) as there, Client(f"{there.url}/site-a/") as client:
        client.status()
        assert [one.path for one in there.asked] == ["/site-a/status"]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "host:9464",
        "ftp://host",
        "http://",
        "http://host:99999",
        "http://h/?a=b",
        "http://h/#a",
        "http://[::1",
        "x y",
    ],
)
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(SettingsError, match="http://HOST:PORT"):
        Client(url)


def test_what_is_no_secret_is_not_shown() -> None:
    with pytest.raises(SettingsError) as caught:
        Client("https://ada:hunter22@host/")
    assert "hunter22" not in str(caught.value)
    with pytest.raises(SettingsError) as caught:
        Client("http://127.0.0.1:1", "two\nwords-hunter22")
    assert "hunter22" not in str(caught.value)
    with Client("http://127.0.0.1:1", "hunter22") as client:
        assert "hunter22" not in repr(client) + str(vars(client))


def test_a_file_that_has_no_certificate(tmp_path: Path) -> None:
    (tmp_path / "ca").write_text("nothing")
    for path in (tmp_path / "ca", tmp_path / "none"):
        with pytest.raises(SettingsError, match="cannot be used to check certificates"):
            Client("https://localhost:1", ca_file=path)


def test_what_is_no_daemon_is_told_from_one() -> None:
    page = "<html>Sign in, hunter22"
    foreign = [
        (Answer(200, page, "text/html"), "answers with text/html, which is not what a Reconciler daemon says"),
        (Answer(200, "[]"), "which is not what a Reconciler daemon says"),
        (Answer(302, "", headers={"Location": "https://sso.example/x"}), "302 Found: it is at https://sso.example/x"),
        (Answer(404, page, "text/html"), "404 Not Found: <html>Sign in"),
        (Answer(500, '{"type": 3}', "application/problem+json"), "500 Internal Server Error"),
        (Answer(599, "\x1b[2J", "text/plain"), "599 Status 599"),
    ]
    for answer, words in foreign:
        with scripted(answer) as there, Client(there.url) as client, pytest.raises(ApiError) as caught:
            client.status()
        assert words in str(caught.value)
        assert str(caught.value).isprintable()
        assert isinstance(caught.value, ReconcilerError)
        assert caught.value.next is Next.STOP
