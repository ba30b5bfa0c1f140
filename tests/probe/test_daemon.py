"""A real daemon that asks services of a real Slurm by itself (`probes: daemon`)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab.lab import Lab
from tests.e2e.world import metric, page, service
from tests.faults.site import Site

pytestmark = pytest.mark.slurm

_PROGRAM = Path(__file__).parent / "picky.py"


class AskingSite(Site):
    """One whose daemon asks its services too."""

    def slurm_target(self) -> dict[str, Any]:
        return {**super().slurm_target(), "probes": "daemon"}

    def recipe(self) -> str:
        command = ["python3", str(self.folder / "picky.py"), str(self.folder / "broken"), "${host}", "${port.http}"]
        probe = {"http": {"port": "http", "path": "/health"}, "startup": "60s", "interval": "1s", "timeout": "10s"}
        spec = {
            "image": "docker.io/library/python:3",
            "ports": {"http": {"container": 8080}},
            "start": {"process": {"command": command}},
            "health": {**probe, "failures": 2},
            "stop": {"grace": "2s"},
        }
        metadata = {"name": "picky", "category": "inference", "description": "For one test."}
        return json.dumps({"apiVersion": "reconciler/v1", "kind": "Recipe", "metadata": metadata, "spec": spec})


@pytest.fixture
def site(lab_slurm: Lab) -> Iterator[AskingSite]:
    made = AskingSite(lab_slurm)
    made.put(made.folder / "picky.py", _PROGRAM.read_text("utf-8"))
    try:
        yield made
    finally:
        made.clear()


def asked(site: AskingSite) -> float | None:
    return metric(page(site.state, "/metrics"), "reconciler_probe_duration_seconds_count", target="slurm")


def test_what_only_the_daemon_can_see_is_told_while_it_lasts(site: AskingSite) -> None:
    site.commit({"recipes/inference/picky.yaml": site.recipe(), "desired/a.yaml": service("a", recipe="picky")}, "a")
    site.start()
    site.wait_healthy(["a"])
    job = site.only("a.0")
    # Until it has answered once it is starting, and until then no failure counts.
    site.wait("the daemon has asked", lambda _: bool(asked(site)))
    site.put(site.folder / "broken", "")
    site.wait("it is degraded", lambda _: site.line("a").health == "Degraded")
    assert "its HTTP probe from here fails: GET /health: 503, expected 200 to 399" in site.line("a").why
    text = page(site.state, "/metrics")
    assert metric(text, "reconciler_service_health", service="a", health="Degraded") == 1
    assert (asked(site) or 0) > 1
    site.put(site.folder / "broken", None)
    site.wait_healthy(["a"])
    assert site.only("a.0") == job
