"""The servers that recipes are tried with are there, and are what they are taken for."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from lab.servers import server_programs
from lab.user import lab_user

SAYS = {
    "chroma": (["chroma", "run", "--help"], "Start a local Chroma server"),
    "minio": (["minio", "--version"], "minio version"),
    "tritonserver": (["tritonserver", "--help"], "--model-repository"),
    "weed": (["weed", "version"], "4.48"),
}


@pytest.mark.timeout(1800)  # the first time, MinIO is built
@pytest.mark.parametrize("name", SAYS)
def test_a_server_runs_as_the_user_of_the_lab(name: str, tmp_path: Path) -> None:
    (folder,) = [path for path in server_programs() if (path / name).exists()]
    words, answer = SAYS[name]
    argv = [str(folder / words[0]), *words[1:]]
    user = lab_user()
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(tmp_path)}  # what a job may have in its own
    done = subprocess.run(
        user.command(argv) if user else argv, cwd="/", env=environment, capture_output=True, text=True, check=False
    )
    assert answer in done.stdout + done.stderr
