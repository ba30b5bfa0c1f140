"""Verbs that change something beside a daemon, on the real Slurm: over its socket, and over the network."""

from __future__ import annotations

import json
import re
from hashlib import sha256
from pathlib import Path

import pytest

from lab.factory import Factory
from tests.cli.console import run
from tests.cli.test_logs import running
from tests.e2e.world import RECIPE, RECIPE_PATH, alive, service, until

pytestmark = pytest.mark.slurm

_TOKEN = "rct_" + "d4" * 20
_ENDS = """command: [python3, -c, "import sys; print('no model'); sys.exit(3)"]"""
_STARTS = 'command: [python3, -m, http.server, --bind, "${host}", "${port.http}"]'
FAILING = RECIPE.replace("{name: web,", "{name: ends,").replace(_STARTS, _ENDS)


def begin(factory: Factory, **settings: object) -> None:
    """A daemon, and a repository with recipes only."""
    factory.configure(**settings)
    factory.commit({RECIPE_PATH: RECIPE, "recipes/inference/ends.yaml": FAILING}, "recipes")
    factory.start()
    factory.wait("the daemon", lambda shape: bool(shape.source.revision), 60)


def test_a_service_from_its_start_to_its_end(factory: Factory, tmp_path: Path) -> None:
    begin(factory)
    wait = ["--wait", "--timeout", "3m"]
    done = factory.run("start", "web", "--name", "v-a", "--target", "slurm", "--label", "team=nlp", *wait)
    assert done.returncode == 0, done.stderr
    sha = factory.git("rev-parse", "--short=12", "HEAD").strip()
    told = f"started v-a: commit {sha} on main (desired/v-a.yaml); follow it: reconciler status -w\n"
    assert done.stdout == told
    assert done.stderr.splitlines()[-1] == "v-a on slurm: Running, Healthy"
    assert "Requested-Through: socket\n" in factory.git("log", "-1", "--format=%b")
    assert len(alive(factory.lab.slurm, factory.owner)["v-a.0"]) == 1

    factory.commit({"desired/v-b.yaml": service("v-b")}, "by hand")
    factory.wait_healthy(["v-b"], 90)
    assert factory.run("list", "v-*", "-o", "name").stdout.split() == ["v-a", "v-b"]
    (line,) = json.loads(factory.run("list", "--label", "team", "-o", "json").stdout)
    assert (line["service"], line["recipe"], line["health"]) == ("v-a", "web", "Healthy")
    none = factory.run("list", "--health", "Failed")
    assert (none.returncode, none.stdout, none.stderr) == (1, "", "no service fits\n")
    assert "is not `Healthy`, `Suspended`" in " ".join(factory.run("list", "--health", "bad").stderr.split())

    out = tmp_path / "out"
    with running(factory, out, "logs", "v-a", "--follow") as following:
        until("its output", lambda: "==> " in out.read_text(), 60)
        gone = factory.run("stop", "v-a", "v-b", "v-nobody", "--reason", "enough", *wait)
        assert following.wait(60) == 0
    assert "v-a is gone: " in out.read_text().splitlines()[-1]
    assert gone.returncode == 2
    assert re.findall(r"^stopped (\S+): commit", gone.stdout, re.MULTILINE) == ["v-a", "v-b"]
    assert re.search(r"^error: .*v-nobody", gone.stderr, re.MULTILINE)
    assert alive(factory.lab.slurm, factory.owner) == {}


def test_what_will_not_be_healthy_ends_with_its_reason(factory: Factory) -> None:
    begin(factory)
    done = factory.run("start", "ends", "--name", "v-bad", "--target", "slurm", "--wait", "--timeout", "5s")
    assert done.returncode == 1
    assert done.stdout.startswith("started v-bad: commit ")
    assert done.stderr.splitlines()[-1].startswith("error: v-bad: not healthy within 5s: ")
    assert factory.run("suspend", "v-bad").returncode == 0
    resumed = factory.run("resume", "v-bad", "-o", "json")
    assert [one["subject"] for one in json.loads(resumed.stdout)] == ["Resume v-bad"]


def test_over_the_network_with_a_token(factory: Factory) -> None:
    token = {"name": "robot", "role": "propose", "services": ["v-*"], "sha256": sha256(_TOKEN.encode()).hexdigest()}
    begin(factory, http={"listen": "127.0.0.1:0", "tokens": [token], "socket": False})
    url = (factory.state / "http").read_text().strip()
    named = {"RECONCILER_SERVER": url, "RECONCILER_TOKEN": _TOKEN}
    assert "Serves a folder over HTTP." in run("recipes", "web", **named).stdout
    started = run("start", "web", "--name", "v-net", "--target", "slurm", "--wait", "--timeout", "3m", **named)
    assert started.returncode == 0, started.stderr
    trailers = factory.git("log", "-1", "--format=%b").splitlines()
    assert {"Requested-By: robot", "Requested-Through: HTTP API (token)"} < set(trailers)
    listed = run("list", "-o", "name", "--server", url)
    assert (listed.returncode, listed.stdout) == (0, "v-net\n"), "reading on loopback needs no token"
    denied = run("stop", "v-net", "--server", url)
    assert denied.returncode == 2
    assert "a token is given with --token-file" in denied.stderr
    other = run("start", "web", "--name", "other", "--target", "slurm", **named)
    assert (other.returncode, "error: " in other.stderr) == (2, True)
    with_settings = factory.run("suspend", "v-net")  # the daemon has no socket, and this verb no token
    assert with_settings.returncode == 2
    assert "token" in with_settings.stderr
    assert "make it writable" not in with_settings.stderr
    file = factory.folder / "token"
    file.write_text(_TOKEN + "\n")
    assert run("stop", "v-net", "--wait", "--token-file", str(file), RECONCILER_SERVER=url).returncode == 0
    assert _TOKEN not in factory.log.read_text() + factory.git("log", "--format=%B")
