"""The worked example of docs/api.md, carried out word by word: with curl, and in Python."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.lab import Lab
from tests.e2e.desk import Desk, on_slurm
from tests.e2e.world import jobs

pytestmark = pytest.mark.slurm

ROOT = Path(__file__).parents[2]
EXAMPLES = dict(re.findall(r"^```(bash|python)\n(.*?)^```", (ROOT / "docs/api.md").read_text("utf-8"), re.M | re.S))


@pytest.fixture(scope="module")
def desk(lab_slurm: Lab) -> Iterator[Desk]:
    with on_slurm(lab_slurm) as made:
        yield made


PROGRAMS = {"bash": ["bash", "-euo", "pipefail", "-c"], "python": [sys.executable, "-c"]}


@pytest.mark.parametrize(("language", "name"), [("bash", "vectors"), ("python", "vectors-2")])
def test_the_example_does_what_it_says(desk: Desk, language: str, name: str) -> None:
    given = {"RECONCILER_SERVER": desk.address, "RECONCILER_TOKEN": desk.tokens["admin"], "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [*PROGRAMS[language], EXAMPLES[language]],
        env=os.environ | given,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    subjects = [one.subject for one in desk.commits() if one.author == "admin"]
    assert f"Start {name}: faiss" in subjects
    assert subjects[0] == f"Stop {name}"
    assert '"reached":true' in done.stdout or "reached=True" in done.stdout
    assert not [job for job in jobs(desk.lab.slurm, desk.owner) if job.alive]
