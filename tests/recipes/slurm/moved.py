"""The story of a PostgreSQL that starts on another node, where its old lock file says something else."""

from __future__ import annotations

import os
import subprocess

from tests.recipes.slurm.stand import SlurmStand
from tests.recipes.stories.databases import Database


def moved(stand: SlurmStand) -> None:
    """Its job ends without a word, and where it starts again a stranger has the process id in its postmaster.pid."""
    database = Database(stand, stand.name("postgresql-moved"))
    database.want()
    database.fill()
    home = stand.node(database.name)
    lock = stand.factory.data / database.name / "0" / "data" / "pgdata" / "postmaster.pid"
    held = lock.read_text().splitlines()
    stranger = subprocess.Popen(stand.factory.lab.as_user(["sleep", "300"]))
    stand.slurm.drain(home)
    try:
        before = stand.running(database.name)
        stand.kill_server(database.name, "postgresql")
        # Before the next attempt, which is two seconds away.
        stand.factory.put(lock, "\n".join([str(stranger.pid), *held[1:], ""]), 0o600)
        stand.wait("another job", lambda: stand.running(database.name) not in ([], before))
        stand.wait("its rows again", database.has_rows)
        assert stand.node(database.name) != home
        os.kill(stranger.pid, 0)
    finally:
        stand.slurm.resume(home)
        stranger.kill()
        stranger.wait()
