"""Starts on Slurm: directly, by `sbatch`, and by a commit."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

from lab import host
from lab.factory import is_healthy, line_of
from reconciler.models.workload import Mark
from reconciler.settings import SlurmTarget
from reconciler.slurm.job.sbatch import Submission, template
from tests.bench.start_services import put_model, text
from tests.bench.wanted import resolve, settings_of
from tests.e2e.world import jobs
from tests.recipes.slurm.stand import SlurmStand

_PATIENCE = 180.0
_PAUSE = 0.02
_CALL = "supervise\n"
_NOT_SLURMS = count(1_000_000)  # ids that no job of the lab gets


class JobStarts:
    """The ways to start one service of a recipe, as `name`, and to end it; each gives its times in seconds."""

    def __init__(self, stand: SlurmStand) -> None:
        self._stand = stand
        self._factory = stand.factory
        self._more: dict[str, dict[str, Any]] = {}
        self._environment = {"PATH": "/usr/bin:/bin", "SLURM_CONF": str(stand.slurm.conf), "LANG": "C.UTF-8"}

    def begin(self) -> None:
        """The daemon with an empty repository, and a model for Triton."""
        models = self._stand.files("models")
        put_model(self._factory, models.place, self._stand.numpy)
        self._more["triton"] = {"config": {"modelRepository": models.inside}, **models.spec}
        targets = json.loads(self._factory.settings.read_text())["targets"]
        self._factory.configure(targets={"slurm": targets["slurm"] | {"tick": "30s"}})
        self._factory.commit({}, "Nothing yet")
        self._factory.start()
        self._factory.wait("a first turn", lambda shape: bool(shape.targets) and shape.targets[0].reachable)

    def directly(self, recipe: str, name: str) -> dict[str, float]:
        """As a process of this machine."""
        made, ready = self._by_hand(recipe, name)
        environment = self._environment | {"SLURM_JOB_ID": str(next(_NOT_SLURMS))}
        script = ready.with_name(f"{name}.bash")
        self._factory.put(script, made.script)
        argv = self._factory.lab.as_user(["bash", str(script)])
        began = time.time()
        with (
            script.with_suffix(".log").open("wb") as log,
            subprocess.Popen(argv, env=environment, stdout=log, stderr=log) as process,
        ):
            took = self._answered(ready, lambda: process.poll() is None) - began
            self._factory.put(ready.with_name(f"{ready.name}.stop"), "")
            process.wait(_PATIENCE)
        return {"directly": took}

    def by_sbatch(self, recipe: str, name: str) -> dict[str, float]:
        """As a job of somebody else's."""
        made, ready = self._by_hand(recipe, name)
        argv = self._factory.lab.as_user([host.program("sbatch"), *made.options])
        began = time.time()
        job = subprocess.run(
            argv, env=self._environment, input=made.script, capture_output=True, text=True, check=True
        ).stdout.strip()
        took = self._answered(ready, lambda: bool(self._queue(f"--jobs={job}"))) - began
        self._factory.put(ready.with_name(f"{ready.name}.stop"), "")
        self._until(lambda: not self._queue(f"--jobs={job}"))
        return {"sbatch": took}

    def by_commit(self, recipe: str, name: str) -> dict[str, float]:
        """As Reconciler does it. queued: its job is in squeue; said: it says that it is well; healthy: in /status."""
        factory, path = self._factory, f"desired/{name}.yaml"
        factory.put(factory.repository / path, self._text(recipe, name))
        factory.git("add", "--all")
        began = time.monotonic()
        factory.git("commit", "--quiet", "--message", f"Start {name}")
        queued = self._until(lambda: bool(self._mine(name))) - began
        said = self._until(lambda: " h=ok " in f"{self._mine(name)} ") - began
        healthy = self._until(lambda: (shape := factory.status()) is not None and is_healthy(shape, name)) - began
        factory.commit({path: None}, f"End {name}\n\nReconciler-Allow-Removals: all")
        self._until(lambda: (shape := factory.status()) is not None and line_of(shape, name) is None)
        return {"queued": queued, "said": said, "healthy": healthy}

    def _text(self, recipe: str, name: str) -> str:
        return text(name, "slurm", recipe, self._stand.small, self._more.get(recipe, {}))

    def _by_hand(self, recipe: str, name: str) -> tuple[Submission, Path]:
        """The submission with a script that starts the server by hand, and the file that tells when it answered."""
        settings = settings_of(self._factory.settings)
        target = settings.targets["slurm"]
        assert isinstance(target, SlurmTarget)
        (service,) = resolve({f"desired/{name}.yaml": self._text(recipe, name)}, settings)
        made = template(service, target).submission(Mark("by-hand", name, 0, "0" * 16), 0.0, ())
        ready = self._factory.folder / "ready" / name
        self._factory.put(ready.with_name(f"{name}.made"), "")
        hand = (Path(__file__).parent / "hand_start.sh").read_text()
        script = f"{made.script.removesuffix(_CALL)}hand_ready={ready}\n{hand}"
        return Submission(made.options, script), ready

    def _mine(self, name: str) -> str:
        """The comments of the daemon's jobs for a service."""
        return " ".join(job.comment for job in jobs(self._stand.slurm, self._factory.owner) if job.name == f"{name}.0")

    def _queue(self, *argv: str) -> str:
        return self._stand.slurm.command("squeue", "--noheader", "--format=%T", *argv).strip()

    def _answered(self, ready: Path, lives: Callable[[], bool]) -> float:
        """The moment that stands in the file."""
        self._until(lambda: ready.exists() or not lives())
        return float(ready.read_text())

    def _until(self, true: Callable[[], bool]) -> float:
        deadline = time.monotonic() + _PATIENCE
        while not true():
            if time.monotonic() > deadline:
                raise TimeoutError(f"not within {_PATIENCE:g} s; {self._factory.status()}")
            time.sleep(_PAUSE)
        return time.monotonic()
