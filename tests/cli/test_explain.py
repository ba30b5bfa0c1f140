"""`explain`, with and without a daemon, on a real cluster."""

from __future__ import annotations

import json

import pytest

from lab.factory import Factory
from tests.e2e.world import RECIPE, files, service, until

pytestmark = pytest.mark.slurm

_STARTS = 'command: [python3, -m, http.server, --bind, "${host}", "${port.http}"]'
_FAILS = """command: [python3, -c, "import os, sys; print('login with', os.environ['TOKEN'], 'failed'); sys.exit(3)"]"""
FAILING = RECIPE.replace("{name: web,", "{name: failing,").replace(_STARTS, _FAILS)


def test_without_a_daemon_it_looks_itself_and_names_what_is_near(factory: Factory) -> None:
    sha = factory.commit(files("search", replicas=2), "two replicas")
    told = factory.run("explain", "search")
    assert (told.returncode, told.stderr) == (0, "no daemon answers; looking at the targets directly\n")
    assert told.stdout.startswith("search on slurm: Absent, Progressing 0/2, for 0s\n")
    assert f"wanted    desired/search.yaml at {sha[:12]} by Lab: two replicas\n" in told.stdout
    assert "next      starts replica 0: not there\n          starts replica 1: not there\n" in told.stdout
    wrong = factory.run("explain", "serch")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "error: there is no service serch; did you mean search?\n" in wrong.stderr


def test_beside_a_daemon_it_tells_what_failed_with_the_last_lines_and_without_secrets(factory: Factory) -> None:
    secrets = {"TOKEN": {"name": "hub", "key": factory.owner}}
    factory.secret("hub", factory.owner, "hunter22\n")
    bad = {"recipes/inference/failing.yaml": FAILING, "desired/b.yaml": service("b", recipe="failing", secrets=secrets)}
    factory.commit(files("a") | bad, "one that fails")
    factory.start()
    factory.wait_healthy(["a"])

    def told() -> str:
        done = factory.run("explain", "b")
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    until("the story of a failure", lambda: "exit code 3" in told() and "| login with *** failed" in told(), 30)
    assert "hunter22" not in told()
    assert "(exit-code)" in told()
    assert "read what it wrote last" in told()

    (story,) = json.loads(factory.run("explain", "a", "--output", "json").stdout)
    assert story["service"]["health"] == "Healthy"
    assert [one["phase"] for one in story["there"]] == ["Running"]
    assert story["there"][0]["endpoints"] == story["service"]["endpoints"]
    lists = "`reconciler status` lists all, `reconciler data list` what others left"
    assert factory.run("explain", "c").stderr == f"error: there is no service c; {lists}\n"
