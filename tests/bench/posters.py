"""Clients that propose services one after the other, each over its own connection, and what came of it."""

from __future__ import annotations

import http.client
import json
import threading
import time
from dataclasses import dataclass
from itertools import count
from statistics import quantiles

_NUMBERS = count()


@dataclass(frozen=True)
class Posts:
    """How many commits there were in how many seconds, the times that requests took, and answers that were others."""

    seconds: float
    commits: int
    p50: float
    p99: float
    others: tuple[int, ...]

    @property
    def rate(self) -> float:
        """Commits a second."""
        return self.commits / self.seconds


def post(address: str, token: str, clients: int, seconds: float) -> Posts:
    """Start services without replicas for some seconds. The last requests are waited for."""
    took: list[float] = []
    others: list[int] = []
    began = time.monotonic()
    words = (address.removeprefix("http://"), token, began + seconds, took, others)
    threads = [threading.Thread(target=_client, args=words) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    cuts = quantiles(took, n=100) if len(took) > 1 else [0.0] * 99
    return Posts(time.monotonic() - began, len(took), cuts[49], cuts[98], tuple(others))


def _client(place: str, token: str, until: float, took: list[float], others: list[int]) -> None:
    connection = http.client.HTTPConnection(place, timeout=60)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    while time.monotonic() < until:
        body = {"recipe_name": "faiss", "name": f"load-{next(_NUMBERS)}", "target": "slurm", "replicas": 0}
        began = time.monotonic()
        connection.request("POST", "/services", json.dumps(body), headers)
        answer = connection.getresponse()
        answer.read()
        if answer.status == http.client.ACCEPTED:
            took.append(time.monotonic() - began)
        else:
            others.append(answer.status)
    connection.close()
