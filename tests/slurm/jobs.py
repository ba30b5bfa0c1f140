"""The whole script in the real bash, without Slurm; its commands are small programs that write down what they are told.

`scontrol` keeps every comment that it is given, and says no while there is a file `away`. `squeue` gives the text of
the file `queue`; without it, that the controller does not answer.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from reconciler.models.wanted import ResolvedService
from reconciler.slurm.job.sbatch import template
from reconciler.slurm.mark import Report, Stage, Stamp, read
from tests.slurm.services import OWNER, mark, recipe, resolved, target

SECONDS = 15.0


class Job:
    """One run of a script, in a folder that several runs may share; `more` are fields of the target.

    `through` is a command that runs the script with less rights; `owner` is whose mark it bears.
    """

    def __init__(
        self,
        folder: Path,
        service: ResolvedService,
        replica: int = 0,
        job: int = 4711,
        *,
        through: Sequence[str] = (),
        owner: str = OWNER,
        **more: Any,
    ) -> None:
        self.folder = folder
        self.name = f"{service.name}.{replica}-{job}"
        self._reports = folder / f"reports-{job}"
        self._write("scontrol", f'[ ! -e {folder}/away ] && echo "${{3#Comment=}}" >>{folder}/reports-$SLURM_JOB_ID')
        self._write("squeue", f"cat {folder}/queue")
        (folder / "logs").mkdir(exist_ok=True)
        site = target(folder, path=(folder / "bin",), **more)
        script = template(service, site).submission(replace(mark(service.name, replica), owner=owner), 0, ()).script
        environment = {"PATH": os.environ["PATH"], "SLURM_JOB_ID": str(job), "TMPDIR": str(folder)}
        # As slurmd starts it: a signal that the tests' own shell ignores cannot be trapped by bash.
        argv = [*through, "env", "--default-signal=INT", "bash", "-c", script]
        self.process = subprocess.Popen(
            argv, env=environment, start_new_session=True, stderr=subprocess.PIPE, text=True
        )

    def _write(self, name: str, script: str) -> None:
        """Another job of the folder may be running it: it is put in its place, not written over."""
        program = self.folder / "bin" / name
        program.parent.mkdir(exist_ok=True)
        young = program.with_suffix(".new")
        young.write_text(f"#!/bin/bash\n{script}\n")
        young.chmod(0o755)
        young.replace(program)

    @property
    def stamps(self) -> list[Stamp]:
        """All reports, each with its mark."""
        lines = self._reports.read_text().splitlines() if self._reports.exists() else []
        return [stamp for stamp in map(read, lines) if stamp]

    @property
    def report(self) -> Report | None:
        """The last report."""
        return self.stamps[-1].report if self.stamps else None

    @property
    def stage(self) -> Stage | None:
        """The stage in the last report."""
        return self.report.stage if self.report else None

    @property
    def file(self) -> Path:
        """Where it reports when it cannot write its comment."""
        return self.folder / "logs" / f"{self.name}.report"

    def until(self, what: Callable[[], bool]) -> None:
        """Wait until it is so."""
        deadline = time.monotonic() + SECONDS
        while not what():
            assert time.monotonic() < deadline, f"last report: {self.report}"
            time.sleep(0.02)

    def end(self) -> tuple[int, str]:
        """Exit code and log."""
        _, log = self.process.communicate(timeout=SECONDS)
        return self.process.returncode, log


def shell(command: str, name: str = "web", **spec: Any) -> ResolvedService:
    """A service that runs a line of shell."""
    return resolved(name, recipe(start={"process": {"command": ["bash", "-c", command]}}, **spec))


def probed(folder: Path) -> dict[str, Any]:
    """A probe that is well while there is a file `up`."""
    command = {"command": ["test", "-e", f"{folder}/up"]}
    return {"exec": command, "startup": "20s", "interval": "1s", "timeout": "1s", "failures": 1}
