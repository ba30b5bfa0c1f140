"""Exporters of recipes in a repository, on the real Slurm: one that is there and one whose program no node has."""

from __future__ import annotations

import pytest

from lab.factory import line_of
from tests.e2e.world import RECIPE, service, until
from tests.recipes.metrics import metrics_url, scraped
from tests.services.conftest import SlurmPlace

EXPORTER = """\
  metrics: {port: metrics, path: /}
  exporter:
    image: docker.io/library/python:3
    process: {command: [PROGRAM, -m, http.server, --bind, "${host}", "${port.metrics}"]}
  stop:"""


def recipe(name: str, program: str) -> str:
    """The small web server with an exporter that is another one."""
    named = RECIPE.replace("name: web", f"name: {name}").replace("{container: 8080}", "{container: 8080}\n    PORT")
    return named.replace("PORT", "metrics: {container: 9187}").replace("  stop:", EXPORTER.replace("PROGRAM", program))


@pytest.mark.slurm
def test_a_service_goes_on_without_its_exporter_and_nobody_is_sent_to_it(on_slurm: SlurmPlace) -> None:
    factory, programs = on_slurm.factory, {"there": "python3", "missing": "no-such-exporter"}
    recipes = {f"recipes/inference/{name}.yaml": recipe(name, program) for name, program in programs.items()}
    services = {f"desired/{name}.yaml": service(name, recipe=name) for name in programs}
    factory.commit({**recipes, **services}, "one with an exporter, and one without its program")
    factory.start()
    shape = factory.wait_healthy([*programs], 60)
    lines = {name: line_of(shape, name) for name in programs}
    assert {name: set(line.endpoints) for name, line in lines.items() if line} == {
        "there": {"http", "metrics"},
        "missing": {"http"},
    }
    until("the exporter answers", lambda: _answers(on_slurm, "there"), 30)
    assert metrics_url(factory, "missing") == ""
    (job,) = on_slurm.running("missing")
    log = (on_slurm.slurm.logs / f"missing.0-{job}.out").read_text()
    assert log.count("no program no-such-exporter on the PATH of this node") == 1


def _answers(place: SlurmPlace, name: str) -> bool:
    try:
        return bool(scraped(place.factory, name))
    except OSError:
        return False
