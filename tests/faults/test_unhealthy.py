"""Processes that live and do not answer: one is replaced, and when all of them do it at once, none is."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from lab.factory import Factory
from tests.e2e.world import RECIPE, RECIPE_PATH, alive, files, metric, page, until

pytestmark = pytest.mark.slurm

NAMES = [f"w{number}" for number in range(5)]
#: So long that all five are known to be unhealthy before the first of them is due, also on a busy machine.
PATIENT = RECIPE.replace("    timeout: 1s\n", "    timeout: 1s\n    restartAfter: 15s\n")

#: Well for whoever asks on its own machine, and for nobody else.
ALOOF = (
    "import sys, http.server as h; "
    "answer = lambda one: (one.send_response(200 if '127.0.0.1' in one.headers['Host'] else 503), one.end_headers()); "
    "aloof = type('Aloof', (h.BaseHTTPRequestHandler,), {'do_GET': answer}); "
    "h.HTTPServer((sys.argv[1], int(sys.argv[2])), aloof).serve_forever()"
)


def servers(name: str) -> Iterator[int]:
    """The processes of a service that serve."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command, words = (folder / "cmdline").read_bytes(), (folder / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"http.server" in command and f"SLURM_JOB_NAME={name}.0".encode() in words:
            yield int(folder.name)


def send(number: signal.Signals, names: Iterable[str]) -> None:
    for pid in [pid for name in names for pid in servers(name)]:
        os.kill(pid, number)


def test_a_mass_failure_is_held_and_what_hangs_alone_is_replaced(factory: Factory) -> None:
    factory.commit({**files(*NAMES), RECIPE_PATH: PATIENT}, "five services")
    factory.start()
    factory.wait_healthy(NAMES, 120)
    before = alive(factory.lab.slurm, factory.owner)

    send(signal.SIGSTOP, NAMES)
    try:
        held = factory.wait(
            "all are due, and held",
            lambda shape: all("not restarted now: 50% or more" in one.why for one in shape.services),
            120,
        )
        assert {one.health for one in held.services} == {"Degraded"}
        assert all("health probe" in one.why for one in held.services)
        assert metric(page(factory.state, "/metrics"), "reconciler_target_restarts_held", target="slurm") == 1
        assert alive(factory.lab.slurm, factory.owner) == before
    finally:
        send(signal.SIGCONT, NAMES[1:])

    until("it has another job", lambda: alive(factory.lab.slurm, factory.owner).get("w0.0", []) != before["w0.0"], 120)
    factory.wait_healthy(NAMES, 120)
    after = alive(factory.lab.slurm, factory.owner)
    assert {name: ids for name, ids in after.items() if name != "w0.0"} == {
        name: ids for name, ids in before.items() if name != "w0.0"
    }
    text = page(factory.state, "/metrics")
    assert metric(text, "reconciler_service_restarts_total", service="w0", reason="unhealthy") == 1
    assert metric(text, "reconciler_target_restarts_held", target="slurm") == 0
    log = factory.log.read_text()
    assert f"restart w0.0: {before['w0.0'][0]} has been unhealthy for" in log
    # The hold begins as soon as half of them are bad: how many are by then is a matter of when each was probed.
    assert re.search(r"restarts are held: [345] of 5 running replicas became unhealthy within", log)


def test_what_only_the_daemons_own_probe_finds_bad_is_shown_as_such_and_replaced(factory: Factory) -> None:
    factory.configure(targets={"slurm": {**factory.slurm_target(), "probes": "daemon"}})
    command = json.dumps(["python3", "-c", ALOOF, "${host}", "${port.http}"])
    recipe = PATIENT.replace('[python3, -m, http.server, --bind, "${host}", "${port.http}"]', command)
    recipe = recipe.replace("startup: 30s", "startup: 2s").replace("restartAfter: 15s", "restartAfter: 5s")
    factory.commit({**files("aloof"), RECIPE_PATH: recipe}, "a service that is well for itself only")
    factory.start()
    shape = factory.wait(
        "bad", lambda shape: any("its HTTP probe from here fails" in one.why for one in shape.services), 120
    )
    (line,) = shape.services
    assert line.health == "Degraded"
    assert "503" in line.why
    (first,) = alive(factory.lab.slurm, factory.owner)["aloof.0"]
    until("replaced", lambda: first not in alive(factory.lab.slurm, factory.owner).get("aloof.0", [first]), 60)
    assert f"restart aloof.0: {first} has been unhealthy for" in factory.log.read_text()
