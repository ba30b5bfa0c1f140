"""What a killed server leaves behind may clean up, and ends with the job all the same."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.slurm.conftest import start
from tests.slurm.jobs import Job, probed
from tests.slurm.services import recipe, resolved

__all__ = ["start"]

#: As Python's resource tracker (multiprocessing/resource_tracker.py): it ends when nobody is left, and tidies up then.
SERVER = """import os, signal, sys, time
folder = sys.argv[1]
read, write = os.pipe()
open(f"{folder}/shared", "w").close()
if not os.fork():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.close(write)
    os.read(read, 1)
    time.sleep(0.3)
    os.remove(f"{folder}/shared")
    os._exit(0)
helper = os.fork()
if not helper:
    if sys.argv[2] == "stays":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    open(f"{folder}/up", "w").close()
    signal.pause()
    while True:
        time.sleep(1)
with open(f"{folder}/pids", "w") as file:
    file.write(f"{os.getpid()} {helper}")
while True:
    signal.pause()
"""


@pytest.mark.parametrize(("helper", "stays"), [("goes", False), ("stays", True)])
def test_it_is_asked_before_it_is_killed(start: Callable[..., Job], tmp_path: Path, helper: str, stays: bool) -> None:
    (tmp_path / "server.py").write_text(SERVER)
    command = ["python3", f"{tmp_path}/server.py", str(tmp_path), helper]
    job = start(resolved("web", recipe(start={"process": {"command": command}}, health=probed(tmp_path))))
    pids = tmp_path / "pids"
    job.until(lambda: pids.exists() and len(pids.read_text().split()) == 2 and (tmp_path / "up").exists())
    server, other = map(int, pids.read_text().split())
    os.kill(server, signal.SIGKILL)
    began = time.monotonic()
    code, log = job.end()
    assert code == 128 + signal.SIGKILL, log
    assert time.monotonic() - began < 6
    assert (tmp_path / "shared").exists() is stays
    job.until(lambda: not runs(other))


def runs(pid: int) -> bool:
    """Whether it does anything still; nobody may have looked after its end yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
