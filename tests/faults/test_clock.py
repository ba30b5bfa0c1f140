"""The clock of the daemon's machine is set by an hour, forwards and backwards: nothing is renewed or stuck by it."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from lab import host
from lab.lab import Lab
from tests.e2e.world import until
from tests.faults.site import STAY, Site
from tests.storm.recipes import ledger, web

pytestmark = pytest.mark.slurm

SOURCE = Path(__file__).parent / "clock.c"


@pytest.fixture(scope="module")
def site(lab_slurm: Lab) -> Iterator[Site]:
    """A daemon whose clock is the machine's plus what `set_clock` says; its services are to be renewed in 5 minutes."""
    made = Site(lab_slurm)
    compiler = host.find("cc")
    if compiler is None:
        pytest.fail(
            "a C compiler is needed to give the daemon a clock of its own (Debian: gcc libc6-dev)", pytrace=False
        )
    library = made.folder / "clock.so"
    made.put(library, b"")
    subprocess.run([compiler, "-shared", "-fPIC", "-O2", "-o", str(library), str(SOURCE)], check=True, timeout=60)
    made.extend({"LD_PRELOAD": str(library), "CLOCK_OFFSET": str(made.folder / "offset")})
    set_clock(made, 0)
    try:
        limited = {"slurm": {"time": "10m"}, "renewal": {"lead": "5m"}}
        made.commit(web("web", **limited) | ledger("data", **limited), "two services")
        made.start()
        made.wait_healthy(STAY)
        yield made
    finally:
        made.clear()


def set_clock(site: Site, seconds: int) -> None:
    site.put(site.folder / "offset", f"{seconds}\n")


@pytest.mark.parametrize("seconds", [3600, -3600, 0])
def test_the_clock_is_set(site: Site, seconds: int) -> None:
    before, submits = site.alive(), len(site.tools.calls("sbatch"))
    set_clock(site, seconds)
    shape = site.wait("it looks by the new clock", lambda shape: is_near(shape.targets[0].looked, seconds))
    assert all(line.health == "Healthy" for line in shape.services)
    time.sleep(2)
    site.wait_healthy(STAY, 5)
    assert (site.alive(), len(site.tools.calls("sbatch"))) == (before, submits)
    site.slurm.command("scancel", before["web.0"][0])
    until("it is replaced", lambda: site.alive().get("web.0", before["web.0"]) != before["web.0"], 15)
    site.wait_healthy(STAY, 30)
    assert len(site.tools.calls("sbatch")) == submits + 1


def is_near(looked: datetime | None, offset: int) -> bool:
    """Whether a look was taken by a clock that is wrong by about `offset` seconds."""
    return looked is not None and abs(looked.timestamp() - time.time() - offset) < 60
