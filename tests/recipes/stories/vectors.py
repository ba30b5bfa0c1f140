"""The stories of the vector stores: Chroma keeps what it gets, FAISS what it is given as a file."""

from __future__ import annotations

import socket
from typing import Any

import faiss
import numpy as np

from lab.host import free_ports
from lab.servers import CHROMA
from tests.recipes.report import Report
from tests.recipes.stories.stand import Stand
from tests.services.test_faiss import NEIGHBOURS, ask, nearest

_PREFACE = b"PRI * HTTP/2.0"
_DIMENSION = 16
_INDEX = "five-hundred.index"


def chroma(stand: Stand) -> Report:
    name = stand.name("chroma")
    stand.want(name, "chroma")
    stand.wait("chroma is healthy", lambda: bool(stand.endpoint(name, "http")))
    found = _chroma(stand, name, "fill")
    version = found["version"]
    whole = {
        "count": 3,
        "near": ["east", "north"],
        "documents": ["to the east", "to the north"],
        "filtered": ["east", "west"],
        "version": version,
    }
    assert found == whole
    stand.measure(name, "chroma")
    recovery = stand.recovery(name, "http", lambda: _chroma(stand, name, "query") == whole)
    (port,) = free_ports(1, stand.address)
    with socket.create_server((stand.address, port)) as collector:
        collector.settimeout(1)
        stand.want(name, "chroma", config={"openTelemetryEndpoint": f"http://{stand.address}:{port}"})
        stand.wait("traces are sent", lambda: _has_called(stand, name, collector))
    stand.wait("chroma has everything", lambda: _chroma(stand, name, "query") == whole)
    operations = ("create collection", "add", "query", "query with a filter", "count")
    # What it says is the version of its API only.
    release = f"{CHROMA.requirement.partition('==')[2]} (API {version})"
    return stand.report("chroma", release, operations, recovery, "all documents", "openTelemetryEndpoint")


def _chroma(stand: Stand, name: str, verb: str) -> dict[str, Any]:
    host, _, port = stand.endpoint(name, "http").rpartition(":")
    return stand.clients.ask("chroma", verb, host=host, port=port) if port else {}


def _has_called(stand: Stand, name: str, collector: socket.socket) -> bool:
    """Whether the server opened a connection of gRPC to where traces go, once it had something to tell."""
    _chroma(stand, name, "query")
    connection, _ = collector.accept()
    with connection:
        connection.settimeout(1)
        return connection.recv(len(_PREFACE)) == _PREFACE


def faiss_server(stand: Stand) -> Report:
    chance = np.random.default_rng(11)
    vectors = chance.standard_normal((500, _DIMENSION), dtype=np.float32)
    queries = chance.standard_normal((20, _DIMENSION), dtype=np.float32)
    name, config = stand.name("faiss"), {"dimension": _DIMENSION}
    stand.want(name, "faiss", config=config)
    stand.wait("it is empty", lambda: _vectors(stand, name) == 0)
    assert ask(stand.endpoint(name, "http"), "/vectors", vectors=vectors.tolist())["ids"] == list(range(500))
    assert _recall(stand, name, vectors, queries) >= 0.99
    stand.measure(name, "faiss")
    recovery = stand.recovery(name, "http", lambda: _vectors(stand, name) == 0)
    index = faiss.IndexFlatL2(_DIMENSION)
    index.add(vectors)
    files = stand.files("indexes")
    stand.factory.put(files.place / _INDEX, faiss.serialize_index(index).tobytes())
    stand.want(name, "faiss", config={**config, "indexFile": f"{files.inside}/{_INDEX}"}, **files.spec)
    # Both are there for a moment, and a request may still go to the one that ends.
    stand.wait("the index is there", lambda: _vectors(stand, name) == 500 and len(stand.running(name)) == 1)
    stand.wait("its vectors are found", lambda: _recall(stand, name, vectors, queries) >= 0.99)
    kept = stand.recovery(name, "http", lambda: _vectors(stand, name) == 500)
    assert _recall(stand, name, vectors, queries) >= 0.99
    operations = ("add", "search (recall against brute force)", "load an index")
    return stand.report("faiss", faiss.__version__, operations, max(recovery, kept), "the index file", "indexFile")


def _vectors(stand: Stand, name: str) -> int:
    address = stand.endpoint(name, "http")
    return int(ask(address, "/info")["vectors"]) if address else -1


def _recall(stand: Stand, name: str, vectors: np.ndarray, queries: np.ndarray) -> float:
    results = ask(stand.endpoint(name, "http"), "/search", queries=queries.tolist(), k=NEIGHBOURS)["results"]
    hits = [
        len(nearest(vectors, query) & {match["id"] for match in matches})
        for query, matches in zip(queries, results, strict=True)
    ]
    return sum(hits) / (len(queries) * NEIGHBOURS)
