"""How a job asks its server for its health: the real script's functions, and servers that do as none should."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.slurm.evil import Answer, complaint, says, says_and_stays, says_for_ever, says_slowly, serving, web
from tests.slurm.services import recipe, resolved

FINE = "HTTP/1.1 200 OK\r\nX-Ready: yes\r\nX-Ready:  maybe \r\nContent-Length: 12\r\n\r\nall is ready"
PLAIN = "HTTP/1.1 200 OK\r\n\r\n"
CHUNKED = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
REDIRECT = "HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\n\r\n"
EARLY = "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n"


def http(path: str = "/health", **fields: Any) -> dict[str, Any]:
    return {"http": {"port": "http", "path": path, **fields}}


@pytest.mark.parametrize(
    ("answer", "health"),
    [
        (says(FINE), http()),
        (says(FINE), http(contains="is ready", headers={"x-READY": "maybe"}, status=[200])),
        (says(REDIRECT), http()),
        (says("HTTP/1.1 503 No\r\n\r\n"), http(status=[500, 503])),
        (says("HTTP/1.0 200\n\nall is ready"), http(contains="all is ready")),
        (says(EARLY, FINE), http(contains="ready")),
        (says(CHUNKED, "4;x=y\r\nall \r\n5\r\nis re\r\n3\r\nady\r\n0\r\n\r\n"), http(contains="all is ready")),
        (says_and_stays(FINE), http(contains="ready")),
        (says_and_stays(CHUNKED + "3\r\nall\r\n0\r\n\r\n"), http(contains="all")),
        (says(PLAIN, b"\0\xff\0", "café"), http(contains="café")),
        (says(PLAIN, "x" * 65526, "here it is", "y" * 90000), http(contains="here it is")),
        (says_for_ever(PLAIN), http()),
    ],
)
def test_a_good_answer(tmp_path: Path, answer: Answer, health: dict[str, Any]) -> None:
    with serving(answer) as server:
        assert complaint(web(health), server.port, tmp_path) == ""


@pytest.mark.parametrize(
    ("answer", "health", "why"),
    [
        (says_and_stays(""), http(), "timeout"),
        (says_slowly("", FINE), http(), "timeout"),
        (says_slowly("HTTP/1.1 200 OK\r\nX: ", "y" * 99), http(), "timeout"),
        (says_slowly(PLAIN, "x" * 99), http(contains="y"), "timeout"),
        (says("HTTP/1.1 503 No\r\n\r\n"), http(), "http-503"),
        (says(FINE), http(status=[204]), "http-200"),
        (says(REDIRECT), http(status=[200]), "http-302"),
        (says(FINE), http(contains="well"), "body"),
        (says(FINE), http(contains="*"), "body"),
        (says("HTTP/1.1 204 No Content\r\n\r\n"), http(contains="well"), "body"),
        (says(FINE), http(headers={"X-Ready": "y"}), "header"),
        (says(FINE), http(headers={"X-Ready": "*"}), "header"),
        (says("HTTP/1.1 200 OK\r\nX-Ready: yes no\r\n\r\n"), http(headers={"X-Ready": "yes"}), "header"),
        (says_for_ever(PLAIN), http(contains="y"), "body"),
        (says(PLAIN, "x" * 65536, "y"), http(contains="y"), "body"),
        (says_for_ever("HTTP/1.1 200 OK\r\nX: "), http(), "long-header"),
        (says_for_ever("HTTP/1.1 200 OK\r\n", b"X: y\r\n"), http(), "long-header"),
        (says_for_ever(""), http(), "not-http"),
        (says("SSH-2.0-OpenSSH_9.2\r\n"), http(), "not-http"),
        (says("HTTP/1.1 2000 OK\r\n\r\n"), http(), "not-http"),
        (says("HTTP/1.1 $(touch /tmp/never)\r\n\r\n"), http(), "not-http"),
        (says(""), http(), "closed"),
        (says("HTTP/1.1 200 OK\r\nX: y"), http(), "closed"),
        (says("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nwell"), http(contains="w"), "closed"),
        (says(CHUNKED, "z\r\nwell"), http(contains="well"), "not-http"),
        (says(CHUNKED, "ffffffff\r\nwell"), http(contains="well"), "closed"),
        (says(CHUNKED, "4\r\nwe"), http(contains="we"), "closed"),
    ],
)
def test_a_bad_answer(tmp_path: Path, answer: Answer, health: dict[str, Any], why: str) -> None:
    with serving(answer) as server:
        assert complaint(web(health), server.port, tmp_path) == f"{why}@GET/health"
        assert server.requests[0].startswith(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1:")


def test_the_words_for_what_is_asked_are_bounded(tmp_path: Path) -> None:
    with serving(says(FINE)) as server:
        long = web(http("/a%20b/" + "c" * 190, status=[299]))
        assert complaint(long, server.port, tmp_path) == "http-200@GET/a%20b/" + "c" * 50
        assert server.requests[0].startswith(b"GET /a%20b/" + b"c" * 190 + b" HTTP/1.1\r\n")


@pytest.mark.parametrize("text", ["$(touch /tmp/never)", "it's `id`", '"; exit 0; "', "\\", "*", "[a]", "ünï 数据"])
def test_foreign_text_is_looked_for_as_it_is(tmp_path: Path, text: str) -> None:
    probed = web(http(contains=text, headers={"X-Text": text}))
    with serving(says(f"HTTP/1.1 200 OK\r\nX-Text: {text}\r\n\r\n<{text}>")) as server:
        assert complaint(probed, server.port, tmp_path) == ""
    with serving(says(f"HTTP/1.1 200 OK\r\nX-Text: {text}\r\n\r\n<other>")) as server:
        assert complaint(probed, server.port, tmp_path) == "body@GET/health"


def test_a_port(tmp_path: Path) -> None:
    probed = web({"tcp": {"port": "http"}})
    with serving(says("")) as server:
        port = server.port
        assert complaint(probed, port, tmp_path) == ""
    assert complaint(probed, port, tmp_path) == "refused@tcp:http"
    assert complaint(web(http()), port, tmp_path) == "refused@GET/health"


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (["true"], ""),
        (["bash", "-c", "echo $HOME; exit 3"], "exit-3@bash"),
        (["/no/such;program"], "exit-127@such_program"),
        (["sleep", "60"], "timeout@sleep"),
        (["bash", "-c", "trap '' TERM; while :; do sleep 0.1; done"], "timeout@bash"),
    ],
)
def test_a_command(tmp_path: Path, command: list[str], why: str) -> None:
    assert complaint(web({"exec": {"command": command}}), 1, tmp_path) == why


def first(method: str = "POST", path: str = "/v1", **fields: Any) -> dict[str, Any]:
    return {"tcp": {"port": "http"}, "firstRequest": {"port": "http", "method": method, "path": path, **fields}}


def test_a_first_request_sends_its_body_whatever_is_in_it(tmp_path: Path) -> None:
    parameters = {"text": {"type": "string", "description": "Text."}}
    body = '{"model": "${config.text}"}'
    text = 'it\'s "$(touch /tmp/never)" \\ `id` 数据'
    service = web(first(body=body, contains="done"), parameters=parameters, config={"text": text})
    with serving(says(PLAIN, "done")) as server:
        assert complaint(service, server.port, tmp_path, "first_request") == ""
    head, _, sent = server.requests[0].partition(b"\r\n\r\n")
    assert head.split(b"\r\n")[0] == b"POST /v1 HTTP/1.1"
    assert b"Content-Type: application/json" in head.split(b"\r\n")
    assert sent == b'{"model": "it\'s \\"$(touch /tmp/never)\\" \\\\ `id` \\u6570\\u636e"}'


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("HTTP/1.1 302 Found\r\n\r\n", "http-302"),
        ("HTTP/1.1 401 No\r\n\r\n", "http-401"),
        (PLAIN, "body"),
        ("", "closed"),
    ],
)
def test_a_first_request_may_fail(tmp_path: Path, answer: str, why: str) -> None:
    with serving(says(answer)) as server:
        service = web(first(body="{}", contains="x"))
        assert complaint(service, server.port, tmp_path, "first_request") == f"{why}@first:POST/v1"


def test_there_may_be_none(tmp_path: Path) -> None:
    assert complaint(web(http()), 1, tmp_path, "first_request") == ""


def test_a_token_is_read_from_its_file_and_seen_by_the_server_only(tmp_path: Path) -> None:
    service = resolved(
        "web",
        recipe(
            health={"startup": "9s", "interval": "1s", "timeout": "1s", **first("GET", bearer="KEY")},
            secrets={"KEY": {"description": "Key."}},
        ),
        secrets={"KEY": {"name": "web", "key": "key"}},
    )
    with serving(says(PLAIN)) as server:
        assert complaint(service, server.port, tmp_path, "first_request") == "no-secret@first:GET/v1"
        (tmp_path / "secrets/web").mkdir(parents=True)
        (tmp_path / "secrets/web/key").write_text("s3cr3t\r\nX-Forged: yes\n")
        assert complaint(service, server.port, tmp_path, "first_request") == ""
    assert b"Authorization: Bearer s3cr3tX-Forged: yes" in server.requests[-1].split(b"\r\n")
