"""The shipped recipe `faiss`, from a commit to an answer."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

import numpy as np
import numpy.typing as npt

from tests.e2e.world import until
from tests.services.place import Place, endpoint, moved, wanted

DIMENSION = 16
NEIGHBOURS = 10


def ask(address: str, path: str, **body: Any) -> dict[str, Any]:
    """The answer to a POST, or to a GET when there is nothing to say."""
    data = json.dumps(body).encode() if body else None
    request = urllib.request.Request(f"http://{address}{path}", data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=3) as answer:
        found: dict[str, Any] = json.load(answer)
    return found


def is_empty(place: Place) -> bool:
    """Whether the service answers, and has no vectors; not yet while an address leads to what has just ended."""
    try:
        return bool(ask(endpoint(place, "vectors", "http"), "/info")["vectors"] == 0)
    except OSError:
        return False


def nearest(vectors: npt.NDArray[np.float32], query: npt.NDArray[np.float32]) -> set[int]:
    """Positions of the nearest vectors, by looking at all of them."""
    return {int(one) for one in np.argsort(((vectors - query) ** 2).sum(axis=1))[:NEIGHBOURS]}


def test_it_finds_what_brute_force_finds_and_a_restart_begins_anew(place: Place) -> None:
    place.factory.commit(wanted(place, "vectors", "faiss", config={"dimension": DIMENSION}), "vector search")
    place.factory.start()
    address = endpoint(place, "vectors", "http")
    until("it answers", lambda: is_empty(place), 30)

    chance = np.random.default_rng(7)
    vectors = chance.standard_normal((500, DIMENSION), dtype=np.float32)
    queries = chance.standard_normal((20, DIMENSION), dtype=np.float32)
    assert ask(address, "/vectors", vectors=vectors.tolist())["ids"] == list(range(500))
    results = ask(address, "/search", queries=queries.tolist(), k=NEIGHBOURS)["results"]
    hits = [
        len(nearest(vectors, query) & {match["id"] for match in matches})
        for query, matches in zip(queries, results, strict=True)
    ]
    assert sum(hits) / (len(queries) * NEIGHBOURS) >= 0.99

    before = place.running("vectors")
    spec = {"config": {"dimension": DIMENSION}, "restart": "once more"}
    place.factory.commit(wanted(place, "vectors", "faiss", **spec), "begin anew")
    until("another instance alone", lambda: moved(place, "vectors", before), 60)
    until("the new instance answers, and is empty", lambda: is_empty(place), 60)
