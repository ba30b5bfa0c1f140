"""A parameter that a page does not have is refused, and named; machines around the daemon may have theirs."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from reconciler.models.proposal import Accepted, Proposal
from tests.web.desk import as_, desk


def fail(proposal: Proposal) -> Accepted:
    raise AssertionError(f"nobody may propose {proposal}")


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with desk(fail) as pages:
        pages.headers.update(as_("admin"))
        yield pages


@pytest.mark.parametrize(
    ("method", "page", "words"),
    [
        ("POST", "/services?dry_run=true", "dry_run: unknown parameter; known: direct, timeout, wait"),
        ("DELETE", "/services/llama?wiat=gone", "wiat: unknown parameter; did you mean `wait`?"),
        ("GET", "/services/llama/wait?comit=1", "comit: unknown parameter; did you mean `commit`?"),
        ("GET", "/services/llama/logs?line=3", "line: unknown parameter; did you mean `lines`?"),
        ("GET", "/events?servic=llama", "servic: unknown parameter; did you mean `service`?"),
        ("GET", "/plan?service=llama", "service: unknown parameter"),
        ("GET", "/services?bogus=1", "bogus: unknown parameter; known: after"),
    ],
)
def test_what_nobody_reads_is_refused(client: httpx.Client, method: str, page: str, words: str) -> None:
    answer = client.request(method, page, json={"recipe_name": "web"} if method == "POST" else None)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert f"parameter {words}" in answer.json()["detail"]


@pytest.mark.parametrize("page", ["/healthz?probe=1", "/metrics?collect[]=x"])
def test_machines_have_their_own(client: httpx.Client, page: str) -> None:
    assert client.get(page).status_code == 200
