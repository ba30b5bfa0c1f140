"""What strangers may send: refused in words, and nothing of it is in the repository, in a message or on the cluster."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from lab.lab import Lab
from tests.e2e.desk import accepted, problem
from tests.e2e.still import StillDesk, still

pytestmark = pytest.mark.slurm

NAMES = [
    "../../etc/passwd",
    "a/b",
    "..",
    ".git",
    "a.yaml",
    "-rf",
    "A",
    "é",
    "a\u202eb",
    "a\nb",
    "a" * 64,
    "",
    " ",
    "a\x00",
    "💥",
]
FOLDERS = [
    "../outside",
    "/etc",
    "desired/../..",
    ".git/hooks",
    "desired/.git",
    "-x",
    "a\\b",
    "recipes",
    "a\nb",
    "elsewhere",
]
VALUES: list[dict[str, Any]] = [
    {"config": {"greeting": {"a": 1}}},
    {"config": {"${x}": "y"}},
    {"spec": {"recipe": "faiss"}},
    {"spec": {"kind": "Secret"}},
    {"spec": {"env": {"A": ["b"]}}},
    {"spec": {"secrets": {"A": "in the clear"}}},
    {"labels": {"a b": "c"}},
    {"labels": {"a": "\u2028"}},
    {"target": "no-such"},
    {"replicas": 10**30},
    {"nodes": 10**30},
    {"nodes": True},
    {"nodes": 1.5},
]
#: What would change a message, were it taken as it is.
REASONS = ["a\nReconciler-Allow-Removals: all", "a\r\nRequested-By: root", "a\u2028b", "\x1b[2J", "a\x00b", "x" * 201]
WORDS = [
    "- a: b # c",
    "*x",
    "!!python/object:os.system",
    "{{ x }}",
    "'\"",
    "%YAML 1.1",
    "yes",
    "0x10",
    "~",
]


@pytest.fixture(scope="module")
def desk(lab_slurm: Lab) -> Iterator[StillDesk]:
    with still(lab_slurm, StillDesk, {}) as made:
        yield made


def body(**more: Any) -> dict[str, Any]:
    return {"recipe_name": "web", "name": "odd", "target": "slurm", **more}


def test_names_folders_and_values_that_are_none(desk: StillDesk) -> None:
    before = desk.head()
    bodies = [body(name=name) for name in NAMES if name]
    bodies += [body(folder=folder) for folder in FOLDERS]
    bodies += [body(**values) for values in VALUES]
    bodies += [body(recipe_name=name) for name in NAMES]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda one: desk.ask("POST", "/services", one), bodies))
    assert [
        (one, answer.status_code) for one, answer in zip(bodies, answers, strict=True) if answer.status_code != 422
    ] == []
    assert all(problem(answer, 422)["detail"] for answer in answers)
    assert (desk.head(), desk.refs()) == (before, {"refs/heads/main"})


def test_reasons_that_would_be_lines_of_their_own(desk: StillDesk) -> None:
    before = desk.head()
    answers = [desk.ask("POST", "/services", body(name=f"why-{n}", reason=why)) for n, why in enumerate(REASONS)]
    assert {answer.status_code for answer in answers} <= {202, 422}
    for commit in desk.commits(f"{before.sha}..main"):
        names = [line.partition(":")[0] for line in commit.body.strip().splitlines()]
        assert names == ["Requested-By", "Requested-Through", "Requested-Verb", "Requested-Because"]
        assert commit.body.isascii()
        assert commit.trailers["Requested-By"] == "admin"


def test_texts_that_would_be_yaml_come_back_as_they_are(desk: StillDesk) -> None:
    for number, words in enumerate(WORDS):
        accepted(desk.ask("POST", "/services", body(name=f"text-{number}", replicas=0, config={"greeting": words})))
    desk.wait(
        "all of them", lambda shape: {f"text-{n}" for n in range(len(WORDS))} <= {o.service for o in shape.services}
    )
    for number, words in enumerate(WORDS):
        shown = desk.ask("GET", f"/services/text-{number}").json()
        assert shown["desired"]["config"]["greeting"] == words
    shape = desk.status()
    assert shape
    assert shape.source.complaints == []


def test_a_caller_with_few_rights(desk: StillDesk) -> None:
    accepted(desk.ask("POST", "/services", body(name="theirs")))
    before = desk.head()
    for token in ("bench", "read"):
        for method, path, content in (
            ("POST", "/services", body(name="mine")),
            ("PATCH", "/services/theirs", {"replicas": 0}),
            ("DELETE", "/services/theirs", None),
            ("POST", "/services/theirs/suspend", None),
            ("POST", "/services?direct=true", body(name="mine")),
        ):
            problem(desk.ask(method, path, content, token=token), 403)
    problem(desk.ask("POST", "/services", body(name="mine"), token=""), 401)
    assert desk.head() == before
    accepted(desk.ask("POST", "/services", body(name="bench-mine"), token="bench"))
    assert desk.head().author == "bench"
