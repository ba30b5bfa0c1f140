"""What is asked for over HTTP becomes a commit of a real repository, or a problem that says why not."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from reconciler.errors import RejectedError, UnsureError
from reconciler.models.proposal import Accepted, Proposal
from reconciler.proposals import Scribe
from tests.e2e.world import until
from tests.proposals.conftest import Bare, forge, scribes
from tests.proposals.world import FakeRepository, scribe
from tests.web.desk import as_, desk

__all__ = ["forge", "scribes"]
BODY = {"recipe_name": "faiss", "target": "meluxina", "name": "llama"}


@pytest.fixture
def pages(forge: Bare, scribes: Callable[..., Scribe]) -> Iterator[httpx.Client]:
    with desk(scribes(forge.folder).propose) as client:
        client.headers.update(as_("admin"))
        yield client


def test_a_start_is_a_commit_that_is_told_with_where_to_follow_it(pages: httpx.Client, forge: Bare) -> None:
    body = {**BODY, "labels": {"team": "nlp"}, "spec": {"slurm": {"time": "4h"}}, "reason": "benchmark 17"}
    answer = pages.post("/services", json=body, headers={"Idempotency-Key": "k-1"})
    assert answer.status_code == 202
    assert answer.headers["location"] == "/services/llama"
    assert answer.json() == {
        "service": "llama",
        "commit": forge.git("rev-parse", "main"),
        "branch": "main",
        "path": "desired/llama.yaml",
        "subject": "Start llama: faiss",
        "changed": True,
        "replayed": False,
        "review": False,
        "service_url": "/services/llama",
        "events_url": "/events?service=llama",
    }
    author, *message = forge.git("log", "-1", "--format=%an%n%B", "main").splitlines()
    assert author == "admin"
    assert message[:6] == [
        "Start llama: faiss",
        "",
        "Requested-By: admin",
        "Requested-Through: HTTP API (token)",
        "Requested-Verb: start",
        "Requested-Because: benchmark 17",
    ]
    assert message[6] == "Idempotency-Key: k-1"
    assert forge.git("show", "main:desired/llama.yaml").splitlines() == [
        "apiVersion: reconciler/v1",
        "kind: Service",
        "metadata:",
        "  name: llama",
        "  labels:",
        "    team: nlp",
        "spec:",
        "  recipe: faiss",
        "  target: meluxina",
        "  slurm:",
        "    time: 4h",
    ]


def test_a_name_is_made_and_the_same_key_makes_the_same_one(pages: httpx.Client, forge: Bare) -> None:
    body = {"recipe_name": "faiss", "target": "meluxina"}
    first = pages.post("/services", json=body, headers={"Idempotency-Key": "k"}).json()
    again = pages.post("/services", json=body, headers={"Idempotency-Key": "k"})
    other = pages.post("/services", json=body).json()
    assert again.status_code == 202
    assert again.json() == {**first, "replayed": True}
    assert first["service"].startswith("faiss-")
    assert len({first["service"], other["service"]}) == 2
    assert len(forge.subjects()) == 3


def test_the_whole_life_of_a_service(pages: httpx.Client, forge: Bare) -> None:
    asked: list[tuple[str, str, dict[str, Any] | None]] = [
        ("POST", "/services", BODY),
        ("PATCH", "/services/llama", {"replicas": 2, "config": {}, "labels": {"team": "nlp"}}),
        ("PATCH", "/services/llama", {"replicas": None, "spec": {"slurm": {"time": "1h"}}, "labels": {"team": None}}),
        ("POST", "/services/llama/restart", {"reason": "stuck"}),
        ("POST", "/services/llama/suspend", None),
        ("POST", "/services/llama/resume", {}),
        ("DELETE", "/services/llama?reason=done", None),
    ]
    for method, path, body in asked:
        answer = pages.request(method, path, json=body)
        assert answer.status_code == 202, answer.text
        assert answer.json()["changed"]
    assert forge.subjects()[::-1] == [
        "By hand",
        "Start llama: faiss",
        "Update llama: replicas, config, labels.team",
        "Update llama: replicas, slurm.time, labels.team",
        "Restart llama",
        "Suspend llama",
        "Resume llama",
        "Stop llama",
    ]
    assert "Requested-Because: done\nReconciler-Allow-Removals: 1" in forge.git("log", "-1", "--format=%B", "main")
    assert forge.git("ls-tree", "-r", "--name-only", "main") == "desired/first.yaml"


def test_what_is_so_already_is_200_and_no_commit(pages: httpx.Client, forge: Bare) -> None:
    answer = pages.post("/services/first/resume")
    assert (answer.status_code, answer.json()["changed"]) == (200, False)
    assert pages.patch("/services/first", json={"spec": {"recipe": "faiss"}}).status_code == 200
    assert forge.subjects() == ["By hand"]


def test_a_patch_has_two_media_types(pages: httpx.Client) -> None:
    for media, replicas in (("application/json", 2), ("application/merge-patch+json", 3)):
        headers = {"Content-Type": media}
        answer = pages.patch("/services/first", content=f'{{"replicas": {replicas}}}', headers=headers)
        assert answer.status_code == 202, answer.text
    assert pages.patch("/services/first", content="{}", headers={"Content-Type": "text/plain"}).status_code == 415


WRONG: list[tuple[str, str, object, int, str, str]] = [
    ("POST", "/services", {**BODY, "recipe_name": "fais"}, 422, "invalid", "did you mean `faiss`"),
    ("POST", "/services", {**BODY, "config": {"wrong": 1}}, 422, "invalid", "spec.config.wrong"),
    ("POST", "/services", {**BODY, "name": "../../x"}, 422, "invalid", "name"),
    ("POST", "/services", {**BODY, "name": "Ünï"}, 422, "invalid", "name"),
    ("POST", "/services", {**BODY, "spec": {"target": "cloud"}}, 422, "invalid", "spec.target: is given twice"),
    ("POST", "/services", {**BODY, "folder": "elsewhere"}, 422, "invalid", "not read"),
    ("POST", "/services", {**BODY, "name": "first"}, 409, "taken", "desired/first.yaml"),
    ("PATCH", "/services/first", {"replicas": 1, "spec": {"replicas": 2}}, 422, "invalid", "spec.replicas"),
    ("PATCH", "/services/first", {"spec": {"target": "mars"}}, 422, "invalid", "mars"),
    ("PATCH", "/services/firs", {}, 404, "missing", "first"),
    ("DELETE", "/services/firs", None, 404, "missing", "first"),
    ("POST", "/services/firs/restart", None, 404, "missing", "first"),
]


def test_what_cannot_be_is_a_problem_in_words(pages: httpx.Client, forge: Bare) -> None:
    for method, path, body, code, kind, words in WRONG:
        answer = pages.request(method, path, json=body)
        assert answer.headers["content-type"] == "application/problem+json", answer.text
        problem = answer.json()
        assert (answer.status_code, problem["type"]) == (code, f"urn:reconciler:problem:{kind}"), problem
        assert words in problem["detail"]
        assert bool(problem["errors"]) is (kind == "invalid")
    assert forge.subjects() == ["By hand"]


def test_a_key_is_printable_and_belongs_to_one_request(pages: httpx.Client, forge: Bare) -> None:
    bad = pages.post("/services/first/suspend", headers={"Idempotency-Key": "two words"})
    assert (bad.status_code, bad.json()["errors"][0]["field"].lower()) == (422, "idempotency-key")
    assert pages.post("/services/first/suspend", headers={"Idempotency-Key": "k"}).status_code == 202
    other = pages.post("/services/first/resume", headers={"Idempotency-Key": "k"})
    assert (other.status_code, other.json()["type"]) == (422, "urn:reconciler:problem:key-reused")
    assert forge.subjects() == ["Suspend first", "By hand"]


def test_who_may_not_is_told_so(forge: Bare, scribes: Callable[..., Scribe]) -> None:
    with desk(scribes(forge.folder).propose) as client:
        nobody = client.post("/services", json=BODY)
        reader = client.post("/services", json=BODY, headers=as_("read"))
        other = client.post("/services", json=BODY, headers=as_("bench"))
        direct = client.post(
            "/services", params={"direct": True}, json={**BODY, "name": "bench-1"}, headers=as_("bench")
        )
        own = client.post("/services", json={**BODY, "name": "bench-1"}, headers=as_("bench"))
    assert [one.status_code for one in (nobody, reader, other, direct, own)] == [401, 403, 403, 403, 202]
    assert nobody.headers["www-authenticate"].startswith("Bearer")
    assert "bench (token) may change bench-* and not llama" in other.json()["detail"]
    assert forge.subjects() == ["Start bench-1: faiss", "By hand"]


def test_a_repository_that_is_away_or_says_no(pages: httpx.Client, forge: Bare) -> None:
    forge.hook("pre-receive", "echo 'only on weekdays' >&2; exit 1")
    refused = pages.post("/services", json=BODY)
    assert (refused.status_code, refused.json()["next"]) == (409, "stop")
    assert "only on weekdays" in refused.json()["detail"]
    forge.folder.rename(forge.folder.with_name("away"))
    away = pages.post("/services", json=BODY)
    assert (away.status_code, away.json()["next"]) == (503, "retry")
    assert int(away.headers["retry-after"]) > 0
    forge.folder.with_name("away").rename(forge.folder)
    assert (forge.subjects(), forge.refs()) == (["By hand"], ["main"])


def test_one_that_may_be_there_is_503_and_says_to_look() -> None:
    def unsure(_: Proposal) -> Accepted:
        raise UnsureError("no answer")

    with desk(unsure) as client:
        answer = client.post("/services", json=BODY, headers=as_("admin"))
    assert (answer.status_code, answer.json()["next"]) == (503, "wait")


def test_a_hundred_posts_of_one_name_and_who_reads_meanwhile(pages: httpx.Client, forge: Bare) -> None:
    ready = threading.Barrier(101)

    def post(_: int) -> int:
        with httpx.Client(base_url=pages.base_url, headers=pages.headers, timeout=60, trust_env=False) as client:
            ready.wait()
            return client.post("/services", json=BODY).status_code

    with ThreadPoolExecutor(100) as pool:
        codes = [pool.submit(post, number) for number in range(100)]
        ready.wait()
        assert pages.get("/healthz").status_code == 200
        found = sorted(code.result() for code in codes)
    assert found == [202] + [409] * 99
    assert forge.subjects() == ["Start llama: faiss", "By hand"]


def test_too_many_who_wait_for_the_repository_are_sent_away_and_readers_are_not() -> None:
    gate, inside = threading.Event(), []

    def slow(proposal: Proposal) -> Accepted:
        inside.append(proposal)
        gate.wait(60)
        raise RejectedError("not today")

    with desk(slow) as client, ThreadPoolExecutor(140) as pool:

        def post(number: int) -> int:
            with httpx.Client(base_url=client.base_url, headers=as_("admin"), timeout=60, trust_env=False) as one:
                return one.post(f"/services/a{number}/suspend").status_code

        posts = [pool.submit(post, number) for number in range(140)]
        until("as many wait as may", lambda: len(inside) == 128, 60)
        until("the others are sent away", lambda: sum(one.done() for one in posts) == 12, 60)
        began = time.monotonic()
        assert client.get("/services", headers=as_("read")).status_code == 200
        assert time.monotonic() - began < 5
        gate.set()
        codes = [one.result() for one in posts]
    assert (codes.count(503), codes.count(409)) == (12, 128)


def test_a_review_is_told_as_one() -> None:
    repository = FakeRepository()
    with desk(scribe(repository, mode="branch").propose) as client:
        answer = client.post("/services", json=BODY, headers=as_("admin")).json()
        direct = client.delete("/services/first", params={"direct": True}, headers=as_("admin")).json()
    assert (answer["review"], answer["branch"] in repository.heads) == (True, True)
    assert (direct["review"], direct["branch"]) == (False, "main")
