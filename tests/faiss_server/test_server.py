"""The server in a process of its own, over real HTTP, against NumPy's exact answer."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import faiss
import httpx
import numpy as np
import pytest

DIMENSION = 8
RANDOM = np.random.default_rng(7)
VECTORS = RANDOM.normal(size=(300, DIMENSION)).astype(np.float32)
QUERIES = RANDOM.normal(size=(5, DIMENSION)).astype(np.float32)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(*arguments: str) -> Iterator[tuple[httpx.Client, subprocess.Popen[str]]]:
    port = free_port()
    command = [sys.executable, "-m", "reconciler.faiss_server", "--port", str(port), "--dimension", str(DIMENSION)]
    with (
        subprocess.Popen([*command, *arguments], stderr=subprocess.PIPE, text=True) as process,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client,
    ):
        try:
            wait_until_healthy(client, process)
            yield client, process
        finally:
            process.kill()


def wait_until_healthy(client: httpx.Client, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if client.get("/healthz").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError(process.communicate()[1] if process.poll() is not None else "not healthy after 30 s")


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with serving() as (client, _):
        assert client.post("/vectors", json={"vectors": VECTORS.tolist()}).json() == {"ids": list(range(300))}
        yield client


def exact(metric: str) -> np.ndarray:
    if metric == "l2":
        return ((QUERIES[:, None] - VECTORS[None]) ** 2).sum(axis=2)
    if metric == "ip":
        return -(QUERIES @ VECTORS.T)
    lengths = np.linalg.norm(QUERIES, axis=1)[:, None] * np.linalg.norm(VECTORS, axis=1)[None]
    return -(QUERIES @ VECTORS.T) / lengths


def found_ids(client: httpx.Client, k: int = 10) -> list[list[int]]:
    answer = client.post("/search", json={"queries": QUERIES.tolist(), "k": k})
    assert answer.status_code == 200, answer.text
    return [[match["id"] for match in row] for row in answer.json()["results"]]


def test_l2_finds_what_brute_force_finds(client: httpx.Client) -> None:
    assert found_ids(client) == np.argsort(exact("l2"), axis=1)[:, :10].tolist()


@pytest.mark.parametrize("metric", ["ip", "cosine"])
def test_other_metrics_find_what_brute_force_finds(metric: str) -> None:
    with serving("--metric", metric) as (client, _):
        client.post("/vectors", json={"vectors": VECTORS.tolist()})
        assert found_ids(client) == np.argsort(exact(metric), axis=1)[:, :10].tolist()


def test_own_ids_can_be_deleted_and_used_again(client: httpx.Client) -> None:
    far = [[1000.0] * DIMENSION]
    assert client.post("/vectors", json={"vectors": far, "ids": [5000]}).status_code == 201
    assert client.post("/vectors", json={"vectors": far, "ids": [5000]}).status_code == 409
    nearest = client.post("/search", json={"queries": far, "k": 1}).json()["results"]
    assert nearest == [[{"id": 5000, "distance": 0.0}]]
    assert client.request("DELETE", "/vectors", json={"ids": [5000, 6000]}).json() == {"deleted": 1}
    assert client.request("DELETE", "/vectors", json={"ids": [5000]}).json() == {"deleted": 0}


BAD = [
    ("/vectors", {"vectors": [[1.0]]}, 422, "vector 0 has 1 numbers, expected 8"),
    ("/vectors", {"vectors": [[1e300] * 8]}, 422, "not finite"),
    ("/vectors", {"vectors": [[1.0] * 8], "ids": [1, 2]}, 422, "2 ids for 1 vectors"),
    ("/vectors", {"vectors": [[1.0] * 8] * 2, "ids": [900, 900]}, 422, "twice"),
    ("/vectors", {"vectors": [[1.0] * 8], "ids": [-1]}, 422, "greater than or equal to 0"),
    ("/vectors", {"vectors": []}, 422, "at least 1 item"),
    ("/vectors", {"vectors": [[1.0]] * 10_001}, 422, "at most 10000 items"),
    ("/vectors", {"vectors": "many"}, 422, "valid list"),
    ("/vectors", {"vector": [[1.0] * 8]}, 422, "Extra inputs"),
    ("/search", {"queries": [[1.0] * 8], "k": 0}, 422, "greater than or equal to 1"),
    ("/search", {"queries": [[1.0] * 8], "k": 1001}, 422, "less than or equal to 1000"),
]


@pytest.mark.parametrize(("path", "body", "status", "words"), BAD, ids=[f"{case[0]}-{case[3]}" for case in BAD])
def test_bad_requests_are_refused_with_words(
    client: httpx.Client, path: str, body: dict[str, object], status: int, words: str
) -> None:
    before = client.get("/info").json()
    answer = client.post(path, json=body)
    assert (answer.status_code, words in answer.text) == (status, True), answer.text
    assert client.get("/info").json() == before


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_that_is_too_large_is_refused(client: httpx.Client, *, chunked: bool) -> None:
    chunk, count = b" " * 2**20, 33
    answer = client.post("/search", content=(chunk for _ in range(count)) if chunked else chunk * count)
    assert answer.status_code == 413


def test_info_and_metrics_tell_how_many_vectors_there_are(client: httpx.Client) -> None:
    count = client.get("/info").json()["vectors"]
    text = client.get("/metrics").text
    assert f"faiss_vectors {count}.0" in text
    assert 'faiss_operation_items_total{operation="add"}' in text


def test_many_clients_at_once_get_ids_of_their_own() -> None:
    with serving() as (client, _), ThreadPoolExecutor(8) as pool:
        body = {"vectors": VECTORS[:5].tolist()}
        answers = list(pool.map(lambda _: client.post("/vectors", json=body).json()["ids"], range(40)))
        assert sorted(number for ids in answers for number in ids) == list(range(200))


def test_an_ivf_index_trains_on_the_first_vectors() -> None:
    with serving("--index-type", "IVF256,Flat") as (client, _):
        assert "at least 256 vectors" in client.post("/vectors", json={"vectors": VECTORS[:9].tolist()}).text
        assert client.post("/vectors", json={"vectors": VECTORS.tolist()}).status_code == 201
        assert all(found_ids(client, 1))
        assert client.request("DELETE", "/vectors", json={"ids": [1]}).status_code == 409


def test_sigterm_saves_the_index_within_a_second_and_it_is_loaded_again(tmp_path: Path) -> None:
    file = tmp_path / "index.faiss"
    with serving("--index-file", str(file)) as (client, process):
        client.post("/vectors", json={"vectors": VECTORS.tolist()})
        begin = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0
        assert time.monotonic() - begin < 2
    assert [path.name for path in tmp_path.iterdir()] == ["index.faiss"]
    with serving("--index-file", str(file)) as (client, _):
        assert client.get("/info").json()["vectors"] == 300
        assert client.post("/vectors", json={"vectors": VECTORS[:1].tolist()}).json() == {"ids": [300]}


def test_a_read_only_index_is_served_and_never_written(tmp_path: Path) -> None:
    file = tmp_path / "index.faiss"
    index = faiss.IndexFlatIP(DIMENSION)
    index.add(VECTORS)
    faiss.write_index(index, str(file))
    content = file.read_bytes()
    with serving("--index-file", str(file), "--read-only") as (client, process):
        assert client.get("/info").json() == {"dimension": 8, "metric": "ip", "vectors": 300, "read_only": True}
        assert found_ids(client) == np.argsort(exact("ip"), axis=1)[:, :10].tolist()
        assert client.post("/vectors", json={"vectors": VECTORS.tolist()}).status_code == 403
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=10)
    assert file.read_bytes() == content


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--dimension", "0"], "not between 1 and 65536"),
        (["--index-file", "/nowhere/x", "--read-only"], "is not there"),
        (["--index-file", "/etc/hostname"], "hostname"),
        (["--metric", "l7"], "invalid choice"),
    ],
)
def test_bad_arguments_end_it_with_words(arguments: list[str], words: str) -> None:
    command = [sys.executable, "-m", "reconciler.faiss_server", "--dimension", "8", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert (done.returncode, words in done.stderr) == (2, True), done.stderr
