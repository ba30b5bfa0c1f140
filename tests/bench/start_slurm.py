"""Starts on Slurm: directly, by `sbatch`, and by a commit."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path

from lab import host
from reconciler.models.workload import Mark
from reconciler.settings import SlurmTarget
from reconciler.slurm.job.sbatch import Submission, template
from tests.bench.start_services import Starts
from tests.e2e.world import jobs
from tests.recipes.slurm.stand import SlurmStand

_PATIENCE = 180.0
_CALL = "supervise\n"
_NOT_SLURMS = count(1_000_000)  # ids that no job of the lab gets


class JobStarts(Starts[SlurmStand]):
    """The ways to start one service of a recipe, as `name`, and to end it; each gives its times in seconds."""

    def __init__(self, stand: SlurmStand) -> None:
        super().__init__(stand)
        self._environment = {"PATH": "/usr/bin:/bin", "SLURM_CONF": str(stand.slurm.conf), "LANG": "C.UTF-8"}

    def begin(self) -> None:
        """As for all, with a look every 30 seconds."""
        targets = json.loads(self.factory.settings.read_text())["targets"]
        self.factory.configure(targets={"slurm": targets["slurm"] | {"tick": "30s"}})
        super().begin()

    def directly(self, recipe: str, name: str) -> dict[str, float]:
        """As a process of this machine."""
        made, ready = self._by_hand(recipe, name)
        environment = self._environment | {"SLURM_JOB_ID": str(next(_NOT_SLURMS))}
        script = ready.with_name(f"{name}.bash")
        self.factory.put(script, made.script)
        argv = self.factory.lab.as_user(["bash", str(script)])
        began = time.time()
        with (
            script.with_suffix(".log").open("wb") as log,
            subprocess.Popen(argv, env=environment, stdout=log, stderr=log) as process,
        ):
            took = self._answered(ready, lambda: process.poll() is None) - began
            self.factory.put(ready.with_name(f"{ready.name}.stop"), "")
            process.wait(_PATIENCE)
        return {"directly": took}

    def by_sbatch(self, recipe: str, name: str) -> dict[str, float]:
        """As a job of somebody else's."""
        made, ready = self._by_hand(recipe, name)
        argv = self.factory.lab.as_user([host.program("sbatch"), *made.options])
        began = time.time()
        job = subprocess.run(
            argv, env=self._environment, input=made.script, capture_output=True, text=True, check=True
        ).stdout.strip()
        took = self._answered(ready, lambda: bool(self._queue(f"--jobs={job}"))) - began
        self.factory.put(ready.with_name(f"{ready.name}.stop"), "")
        self.until(lambda: not self._queue(f"--jobs={job}"))
        return {"sbatch": took}

    def by_commit(self, recipe: str, name: str) -> dict[str, float]:
        """As Reconciler does it. queued: its job is in squeue; said: it says that it is well; healthy: in /status."""
        began = self.commit(recipe, name)
        queued = self.until(lambda: bool(self._mine(name))) - began
        said = self.until(lambda: " h=ok " in f"{self._mine(name)} ") - began
        healthy = self.healthy(name) - began
        self.end(name)
        return {"queued": queued, "said": said, "healthy": healthy}

    def _by_hand(self, recipe: str, name: str) -> tuple[Submission, Path]:
        """The submission with a script that starts the server by hand, and the file that tells when it answered."""
        service, target = self.resolved(recipe, name)
        assert isinstance(target, SlurmTarget)
        made = template(service, target).submission(Mark("by-hand", name, 0, "0" * 16), 0.0, ())
        ready = self.factory.folder / "ready" / name
        self.factory.put(ready.with_name(f"{name}.made"), "")
        hand = (Path(__file__).parent / "hand_start.sh").read_text()
        script = f"{made.script.removesuffix(_CALL)}hand_ready={ready}\n{hand}"
        return Submission(made.options, script), ready

    def _mine(self, name: str) -> str:
        """The comments of the daemon's jobs for a service."""
        return " ".join(job.comment for job in jobs(self.stand.slurm, self.factory.owner) if job.name == f"{name}.0")

    def _queue(self, *argv: str) -> str:
        return self.stand.slurm.command("squeue", "--noheader", "--format=%T", *argv).strip()

    def _answered(self, ready: Path, lives: Callable[[], bool]) -> float:
        """The moment that stands in the file."""
        self.until(lambda: ready.exists() or not lives())
        return float(ready.read_text())
