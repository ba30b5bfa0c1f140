"""The questions that a job asks by curl: over TLS, and of gRPC's health service; against real servers of both."""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import Callable, Iterator
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from reconciler.slurm.mark import Stage
from tests.slurm.evil import complaint, says, says_and_stays, says_for_ever, serving, web
from tests.slurm.jobs import Job, shell

FINE = "HTTP/1.1 200 OK\r\nX-Ready: yes\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nall \r\n5\r\nready\r\n0\r\n\r\n"
LONG = "x" * 200


@pytest.fixture
def tls(tmp_path: Path) -> ssl.SSLContext:
    """A certificate that nobody has signed."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    files = ["-keyout", str(key), "-out", str(certificate), "-subj", "/CN=elsewhere"]
    subprocess.run([*words, *files], check=True, capture_output=True)
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(certificate, key)
    return made


def https(**fields: Any) -> dict[str, Any]:
    first = {"port": "http", "method": "POST", "path": "/v1", "body": '["ü"]', "contains": "ready"}
    return {"http": {"port": "http", "path": "/health", "scheme": "https", **fields}, "firstRequest": first}


def test_over_tls_an_answer_is_read_as_without(tmp_path: Path, tls: ssl.SSLContext) -> None:
    with serving(says(FINE), tls) as server:
        assert complaint(web(https(contains="all ready", headers={"X-Ready": "yes"})), server.port, tmp_path) == ""
        assert complaint(web(https()), server.port, tmp_path, "first_request") == ""
        assert complaint(web(https(status=[204])), server.port, tmp_path) == "http-200@GET/health"
        assert complaint(web(https(contains="well")), server.port, tmp_path) == "body@GET/health"
    heads = [request.partition(b"\r\n\r\n") for request in server.requests]
    assert [head.partition(b"\r\n")[0] for head, _, _ in heads[:2]] == [b"GET /health HTTP/1.1", b"POST /v1 HTTP/1.1"]
    assert [body for _, _, body in heads[:2]] == [b"", b'["\\u00fc"]']
    assert [head.lower().count(b"content-length") for head, _, _ in heads[:2]] == [0, 1]


def test_what_is_wrong_over_tls(tmp_path: Path, tls: ssl.SSLContext) -> None:
    with serving(says_and_stays(""), tls) as server:
        port = server.port
        assert complaint(web(https()), port, tmp_path) == "timeout@GET/health"
    with serving(says_for_ever("HTTP/1.1 200 OK\r\n\r\n"), tls) as server:
        assert complaint(web(https(contains="y")), server.port, tmp_path) == "body@GET/health"
    assert complaint(web(https()), port, tmp_path) == "refused@GET/health"
    with serving(says("HTTP/1.1 200 OK\r\n\r\n"), listens=False) as server:
        assert complaint(web(https()), server.port, tmp_path) == "tls@GET/health"


@pytest.fixture
def rpc() -> Iterator[tuple[int, health.HealthServicer]]:
    """A real gRPC server with its health service: its port, and what it says."""
    server = grpc.server(futures.ThreadPoolExecutor(2))
    servicer = health.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield port, servicer
    server.stop(None).wait()


def asking(service: str = "") -> dict[str, Any]:
    return {"grpc": {"port": "http", "service": service}}


@pytest.mark.parametrize("name", ["", "inference.GRPCInferenceService", "x" * 127, "x" * 128, LONG])
def test_a_grpc_server_is_asked_for_one_service(
    tmp_path: Path, rpc: tuple[int, health.HealthServicer], name: str
) -> None:
    port, servicer = rpc
    words = {"SERVING": "", "NOT_SERVING": "not-serving@grpc:http", "UNKNOWN": "not-serving@grpc:http"}
    for status, why in words.items():
        servicer.set(name, health_pb2.HealthCheckResponse.ServingStatus.Value(status))
        assert complaint(web(asking(name)), port, tmp_path) == why
    assert complaint(web(asking("other")), port, tmp_path) == "grpc-5@grpc:http"


def test_a_grpc_server_without_the_health_service(tmp_path: Path) -> None:
    server = grpc.server(futures.ThreadPoolExecutor(1))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        assert complaint(web(asking()), port, tmp_path) == "grpc-12@grpc:http"
    finally:
        server.stop(None).wait()


def test_what_is_no_grpc(tmp_path: Path) -> None:
    with serving(says("HTTP/1.1 200 OK\r\n\r\n")) as server:
        port = server.port
        assert complaint(web(asking()), port, tmp_path) in {"closed@grpc:http", "not-grpc@grpc:http"}
    assert complaint(web(asking()), port, tmp_path) == "refused@grpc:http"
    with serving(says_and_stays("")) as server:
        assert complaint(web(asking()), server.port, tmp_path) == "timeout@grpc:http"


@pytest.mark.parametrize("probe", [asking(), https()])
def test_a_node_without_curl_is_told_at_the_start(start: Callable[..., Job], tmp_path: Path, probe: Any) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    for name in ["bash", "uname", "mktemp", "mkdir", "rm", "timeout", "tail", "cat", "mv", "sleep", "kill"]:
        (bare / name).symlink_to(f"/bin/{name}")
    times = {"startup": "20s", "interval": "1s", "timeout": "1s"}
    job = start(shell("sleep 60", health=times | probe), setup=(f"PATH={bare}",))
    code, log = job.end()
    assert code == 78
    assert "no program curl on the PATH of this node" in log
    assert job.report
    assert (job.report.stage, job.report.why) == (Stage.STARTING, "no-program@curl")
