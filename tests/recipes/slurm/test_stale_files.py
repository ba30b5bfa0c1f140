"""What a killed server leaves in its data, and who may take it away: only who has the lock, and only in the volume."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.slurm.conftest import start
from tests.slurm.jobs import Job
from tests.slurm.services import recipe, resolved

__all__ = ["start"]

STORAGE = {"data": {"path": "/data", "size": "1Mi"}}
START = {
    "process": {"command": ["bash", "-c", "exit 5"]},
    "stale": [{"storage": "data", "file": "server.pid"}, {"storage": "data", "file": "a/b/server.pid"}],
}


def run(start: Callable[..., Job]) -> None:
    code, log = start(resolved("db", recipe(storage=STORAGE, start=START, stateful=True))).end()
    assert code == 5, log


@pytest.mark.parametrize(("locks", "stays"), [(True, False), (False, True)])
def test_a_stale_file_goes_only_under_the_lock(
    start: Callable[..., Job], tmp_path: Path, locks: bool, stays: bool
) -> None:
    if not locks:
        flock = tmp_path / "bin" / "flock"
        flock.parent.mkdir()
        flock.write_text("#!/bin/bash\nexit 71\n")
        flock.chmod(0o755)
    stale = tmp_path / "data/db/0/data/server.pid"
    stale.parent.mkdir(parents=True)
    stale.touch()
    run(start)
    assert stale.exists() is stays


def test_links_lead_nowhere_out_of_the_volume(start: Callable[..., Job], tmp_path: Path) -> None:
    inside, outside = tmp_path / "data/db/0/data/here/b/server.pid", tmp_path / "elsewhere/b/server.pid"
    for file in (inside, outside):
        file.parent.mkdir(parents=True)
        file.touch()
    link = tmp_path / "data/db/0/data/a"
    link.symlink_to(tmp_path / "elsewhere")
    run(start)
    assert outside.exists()
    link.unlink()
    link.symlink_to("here")
    run(start)
    assert not inside.exists()
