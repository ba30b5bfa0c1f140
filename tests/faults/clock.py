"""A clock of its own for a daemon: the machine's plus what a test says (`clock.c`)."""

from __future__ import annotations

import subprocess
from pathlib import Path

from lab import host
from tests.faults.site import Site

_SOURCE = Path(__file__).parent / "clock.c"


def install(site: Site) -> None:
    """From its next start the daemon goes by this clock, which is right at first. Raises LabError."""
    if host.missing("compiler"):
        host.install("compiler")
    compiler = host.program("cc")
    library = site.folder / "clock.so"
    site.put(library, b"")
    subprocess.run([compiler, "-shared", "-fPIC", "-O2", "-o", str(library), str(_SOURCE)], check=True, timeout=60)
    site.extend({"LD_PRELOAD": str(library), "CLOCK_OFFSET": str(_offset(site))})
    set_clock(site, 0)


def set_clock(site: Site, seconds: int) -> None:
    """From now on it is wrong by so much."""
    site.put(_offset(site), f"{seconds}\n")


def _offset(site: Site) -> Path:
    return site.folder / "offset"
