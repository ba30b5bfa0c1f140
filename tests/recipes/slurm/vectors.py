"""The stories of the vector stores: Chroma keeps what it gets, FAISS what it is given as a file."""

from __future__ import annotations

import socket
from typing import Any

import faiss
import numpy as np

from lab.host import free_ports
from lab.servers import CHROMA
from tests.recipes.report import Report
from tests.recipes.slurm.stand import Stand
from tests.services.test_faiss import NEIGHBOURS, ask, nearest

_PREFACE = b"PRI * HTTP/2.0"
_CHROMA = "real-chroma"
_FAISS = "real-faiss"
_DIMENSION = 16


def chroma(stand: Stand) -> Report:
    stand.want(_CHROMA, "chroma")
    stand.wait("chroma is healthy", lambda: bool(stand.endpoint(_CHROMA, "http")))
    found = _chroma(stand, "fill")
    version = found["version"]
    whole = {
        "count": 3,
        "near": ["east", "north"],
        "documents": ["to the east", "to the north"],
        "filtered": ["east", "west"],
        "version": version,
    }
    assert found == whole
    recovery = stand.recovery(_CHROMA, "http", lambda: _chroma(stand, "query") == whole)
    (port,) = free_ports(1)
    with socket.create_server(("127.0.0.1", port)) as collector:
        collector.settimeout(1)
        stand.want(_CHROMA, "chroma", config={"openTelemetryEndpoint": f"http://127.0.0.1:{port}"})
        stand.wait("traces are sent", lambda: _has_called(stand, collector))
    stand.wait("chroma has everything", lambda: _chroma(stand, "query") == whole)
    operations = ("create collection", "add", "query", "query with a filter", "count")
    # What it says is the version of its API only.
    release = f"{CHROMA.requirement.partition('==')[2]} (API {version})"
    return Report("chroma", "slurm", "none", release, operations, recovery, "all documents", "openTelemetryEndpoint")


def _chroma(stand: Stand, verb: str) -> dict[str, Any]:
    host, _, port = stand.endpoint(_CHROMA, "http").rpartition(":")
    return stand.clients.ask("chroma", verb, host=host, port=port) if port else {}


def _has_called(stand: Stand, collector: socket.socket) -> bool:
    """Whether the server opened a connection of gRPC to where traces go, once it had something to tell."""
    _chroma(stand, "query")
    connection, _ = collector.accept()
    with connection:
        connection.settimeout(1)
        return connection.recv(len(_PREFACE)) == _PREFACE


def faiss_server(stand: Stand) -> Report:
    chance = np.random.default_rng(11)
    vectors = chance.standard_normal((500, _DIMENSION), dtype=np.float32)
    queries = chance.standard_normal((20, _DIMENSION), dtype=np.float32)
    stand.want(_FAISS, "faiss", config={"dimension": _DIMENSION})
    stand.wait("it is empty", lambda: _vectors(stand) == 0)
    assert ask(_address(stand), "/vectors", vectors=vectors.tolist())["ids"] == list(range(500))
    assert _recall(stand, vectors, queries) >= 0.99
    recovery = stand.recovery(_FAISS, "http", lambda: _vectors(stand) == 0)
    index = faiss.IndexFlatL2(_DIMENSION)
    index.add(vectors)
    path = stand.factory.folder / "five-hundred.index"
    stand.factory.put(path, faiss.serialize_index(index).tobytes())
    stand.want(_FAISS, "faiss", config={"dimension": _DIMENSION, "indexFile": str(path)})
    stand.wait("the index is there", lambda: _vectors(stand) == 500)
    assert _recall(stand, vectors, queries) >= 0.99
    kept = stand.recovery(_FAISS, "http", lambda: _vectors(stand) == 500)
    assert _recall(stand, vectors, queries) >= 0.99
    operations = ("add", "search (recall against brute force)", "load an index")
    return Report(
        "faiss", "slurm", "none", faiss.__version__, operations, max(recovery, kept), "the index file", "indexFile"
    )


def _address(stand: Stand) -> str:
    return stand.endpoint(_FAISS, "http")


def _vectors(stand: Stand) -> int:
    address = _address(stand)
    return int(ask(address, "/info")["vectors"]) if address else -1


def _recall(stand: Stand, vectors: np.ndarray, queries: np.ndarray) -> float:
    results = ask(_address(stand), "/search", queries=queries.tolist(), k=NEIGHBOURS)["results"]
    hits = [
        len(nearest(vectors, query) & {match["id"] for match in matches})
        for query, matches in zip(queries, results, strict=True)
    ]
    return sum(hits) / (len(queries) * NEIGHBOURS)
