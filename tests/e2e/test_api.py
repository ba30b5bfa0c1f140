"""A request becomes a commit, and the commit a job: over HTTP, on a real Slurm, with a real repository."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from lab.lab import Lab
from tests.e2e.desk import Desk, accepted, events, on_slurm, problem
from tests.e2e.world import alive, until

pytestmark = pytest.mark.slurm


@pytest.fixture(scope="module")
def desk(lab_slurm: Lab) -> Iterator[Desk]:
    with on_slurm(lab_slurm) as made:
        yield made


def job_of(desk: Desk, name: str) -> list[str]:
    return alive(desk.lab.slurm, desk.owner).get(f"{name}.0", [])


def test_a_service_lives_from_its_first_request_to_its_last(desk: Desk) -> None:
    before = desk.head()
    body = {"recipe_name": "web", "name": "life", "target": "slurm", "reason": "benchmark 17"}
    made = accepted(desk.ask("POST", "/services", body))
    commit = desk.head()
    assert (made["commit"], made["branch"], made["path"]) == (commit.sha, "main", "desired/life.yaml")
    assert commit.parents == (before.sha,)
    assert (commit.subject, commit.author) == ("Start life: web", "admin")
    assert commit.trailers.items() >= {
        ("Requested-By", "admin"),
        ("Requested-Through", "HTTP API (token)"),
        ("Requested-Because", "benchmark 17"),
    }
    assert desk.remote("diff", "--name-status", before.sha, commit.sha).split() == ["A", "desired/life.yaml"]

    desk.wait_healthy(["life"])
    (first,) = job_of(desk, "life")
    shown = desk.ask("GET", made["service_url"], token="").json()
    (line,) = shown.get("lines", [shown])
    assert (line["state"], line["health"]) == ("Running", "Healthy")
    assert httpx.get(f"http://{line['endpoints']['http'][0]}", trust_env=False).status_code == 200

    changed = accepted(desk.ask("PATCH", "/services/life", {"config": {"greeting": "good evening"}}))
    assert changed["subject"] == "Update life: config.greeting"
    (second,) = another(desk, "life", first)
    assert "good evening" not in desk.head().subject + desk.head().body

    accepted(desk.ask("POST", "/services/life/restart"))
    another(desk, "life", second)

    accepted(desk.ask("POST", "/services/life/suspend"))
    until("no job", lambda: not job_of(desk, "life"))
    until("told", lambda: desk.line("life")[1] == "Suspended")
    assert desk.ask("POST", "/services/life/suspend").status_code == 200
    text = desk.remote("show", "main:desired/life.yaml")
    assert "suspend: true" in text

    accepted(desk.ask("POST", "/services/life/resume"))
    desk.wait_healthy(["life"])
    assert "suspend" not in desk.remote("show", "main:desired/life.yaml")

    gone = accepted(desk.ask("DELETE", "/services/life?reason=enough"))
    assert desk.head().sha == gone["commit"]
    assert desk.head().trailers["Reconciler-Allow-Removals"] == "1"
    until("no job", lambda: not job_of(desk, "life"))
    desk.wait("gone from the table", lambda shape: not shape.services)
    problem(desk.ask("GET", "/services/life"), 404)
    problem(desk.ask("DELETE", "/services/life"), 404)
    assert {one.author for one in desk.commits(f"{before.sha}..main")} == {"admin"}
    assert desk.refs() == {"refs/heads/main"}
    assert "reconciler.audit: admin asks to start life: committed" in desk.log.read_text()


def another(desk: Desk, name: str, old: str) -> list[str]:
    """Wait for one job, another one than before, that is healthy."""
    until("another job alone", lambda: len(ids := job_of(desk, name)) == 1 and ids != [old], 40)
    desk.wait_healthy([name])
    return job_of(desk, name)


def test_an_answer_that_goes_on_until_it_is_healthy(desk: Desk) -> None:
    body = {"recipe_name": "web", "name": "waits", "target": "slurm"}
    first, *between, last = wait_for(desk, "POST", "/services?wait=healthy&timeout=60s", body)
    assert first[0] == "accepted"
    assert first[1]["commit"] == desk.head().sha
    assert {kind for kind, _ in between} == {"verdict"}
    assert (between[-1][1]["state"], between[-1][1]["health"]) == ("Running", "Healthy")
    assert last[0] == "done"
    assert last[1]["healthy"] is True
    assert desk.line("waits") == ("Running", "Healthy")

    *_, last = wait_for(desk, "DELETE", "/services/waits?wait=gone&timeout=60s")
    assert last[1]["gone"] is True
    assert not job_of(desk, "waits")


def test_an_answer_that_says_why_it_does_not_become_healthy(desk: Desk) -> None:
    body = {"recipe_name": "web", "name": "never", "target": "slurm", "spec": {"resources": {"cpus": 4000}}}
    *_, last = wait_for(desk, "POST", "/services?wait=healthy&timeout=30s", body)
    assert last[0] == "done"
    assert last[1]["healthy"] is False
    assert last[1]["why"]
    accepted(desk.ask("DELETE", "/services/never"))


def wait_for(desk: Desk, method: str, path: str, body: object = None) -> list[tuple[str, dict[str, object]]]:
    with desk.open(seconds=90) as client, client.stream(method, path, json=body) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        return events(list(answer.iter_lines()))


GOOD: dict[str, Any] = {
    "recipe_name": "web",
    "name": "words",
    "target": "slurm",
    "config": {"greeting": "hello"},
    "spec": {"slurm": {"time": "1h"}, "rollout": {"maxSurge": 1}},
}
#: What is in the file and what by mistake, and the request with the same mistakes; an unknown recipe hides the others.
MISTAKES: list[tuple[dict[str, str], dict[str, Any]]] = [
    (
        {"greeting": "greting", "1h": "soon", "maxSurge": "maxSurges", "target: slurm": "target: slrum"},
        {
            "config": {"greting": "hello"},
            "target": "slrum",
            "spec": {"slurm": {"time": "soon"}, "rollout": {"maxSurges": 1}},
        },
    ),
    ({"recipe: web": "recipe: wbe"}, {"recipe_name": "wbe"}),
]


def test_what_is_wrong_is_said_in_the_words_of_validate(desk: Desk) -> None:
    """The text that a good request makes, with the same mistakes in it by hand, is given to `validate`."""
    accepted(desk.ask("POST", "/services", GOOD))
    text = desk.remote("show", "main:desired/words.yaml")
    accepted(desk.ask("DELETE", "/services/words"))
    before = desk.head()
    for words, change in MISTAKES:
        wrong = text
        for old, new in words.items():
            assert text.count(old) == 1, text
            wrong = wrong.replace(old, new)
        said = problem(desk.ask("POST", "/services", GOOD | change), 422)
        assert sorted(said["detail"].splitlines()) == validate(desk, wrong)
        assert len(said["errors"]) == len(said["detail"].splitlines()) == len(words)
    assert desk.head() == before


def validate(desk: Desk, text: str) -> list[str]:
    """What `reconciler validate` says of the repository with this file in it."""
    desk.git("pull", "--quiet", "--ff-only")
    path = desk.repository / "desired/words.yaml"
    desk.put(path, text)
    done = desk.run("validate", str(desk.repository))
    desk.put(path, None)
    assert done.returncode == 2
    return sorted(line.removeprefix(f"error: {desk.repository}/") for line in done.stderr.splitlines())
