"""A step that only who has the lock of the data may do: taking away the lock file that a killed server has left."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.slurm.conftest import start
from tests.slurm.jobs import Job
from tests.slurm.services import recipe, resolved

__all__ = ["start"]


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
    steps = [{"locked": True, "command": ["rm", "--force", "${storage.data}/server.pid"]}]
    process = {"prepare": steps, "command": ["bash", "-c", "exit 5"]}
    storage = {"data": {"path": "/data", "size": "1Mi"}}
    code, log = start(resolved("db", recipe(storage=storage, start={"process": process}, stateful=True))).end()
    assert code == 5, log
    assert stale.exists() is stays
