"""From the death of a process to its metric, to a new process, to healthy: real services, on both platforms."""

from __future__ import annotations

import os
import signal
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from lab.factory import Factory
from lab.lab import Lab
from tests.bench.report import Table, short
from tests.e2e.world import RECIPE, RECIPE_PATH, service

_SERVICES = 5
_KILLS = 20
_PATIENCE = 180.0
_LAB = 300.0
_SETTLED = 1.0
#: A hang is seen by the probe alone: three failed ones, one second apart, then `restartAfter`.
_RECIPE = RECIPE.replace("    timeout: 1s\n", "    timeout: 1s\n    restartAfter: 2s\n")
_SMALL = {"config": {"dimension": 8}, "resources": {"cpus": 0.1, "memory": "256Mi"}}


@dataclass(frozen=True)
class Death:
    """What was measured of one kill: seconds until the metric said so, a new process was there, and it was healthy."""

    metric: float
    restart: float
    healthy: float


def measure() -> Table:
    """Twenty kills and as many hangs on Slurm, twenty kills on Kubernetes, one at a time."""
    with ExitStack() as stack:
        lab = stack.enter_context(Lab.start(slurm=True, kubernetes="node"))
        lab.wait("slurm", _LAB)
        lab.wait("kubernetes", _LAB)
        scene = _Scene.start(lab, stack)
        rows = [
            _row("Slurm: its process is killed", scene.deaths("slurm", signal.SIGKILL)),
            _row("Slurm: its process hangs (SIGSTOP)", scene.deaths("slurm", signal.SIGSTOP)),
            _row("Kubernetes: its process is killed", scene.deaths("kubernetes", signal.SIGKILL)),
        ]
    columns = ("what happens", "times", "metric p50", "longest", "new process p50", "longest", "healthy p50", "longest")
    notes = (
        f"{_SERVICES} services on each platform, one death at a time; /metrics is read every 10 ms.",
        "Slurm: squeue once a second (tick, minInterval; a site has longer ones, which add to each step); a failed",
        "job comes back after 2 s. A hang: three probes one second apart, restartAfter 2 s.",
    )
    return Table("From a death to its metric, its restart and its health", columns, rows, notes)


@dataclass(frozen=True)
class _Scene:
    factory: Factory
    names: Mapping[str, Sequence[str]]

    @classmethod
    def start(cls, lab: Lab, stack: ExitStack) -> _Scene:
        factory = Factory(lab, "detection", owner="detection")
        kubeconfig = factory.folder / "kubeconfig"
        factory.put(kubeconfig, lab.kubernetes.daemon_kubeconfig.read_text(), 0o600)
        names = {kind: [f"{kind[0]}{number}" for number in range(_SERVICES)] for kind in ("slurm", "kubernetes")}
        texts = {RECIPE_PATH: _RECIPE}
        texts |= {f"desired/{name}.yaml": service(name) for name in names["slurm"]}
        texts |= {
            f"desired/{name}.yaml": service(name, "kubernetes", "faiss", **_SMALL) for name in names["kubernetes"]
        }
        factory.commit(texts, "services")
        factory.configure(kubeconfig=kubeconfig)
        factory.start()
        stack.callback(factory.stop)
        factory.wait_healthy([*names["slurm"], *names["kubernetes"]], _LAB)
        return cls(factory, names)

    def deaths(self, platform: str, number: signal.Signals) -> list[Death]:
        """Each service dies in its turn, when all is well again."""
        names = self.names[platform]
        return [self._die(names[time_ % len(names)], number) for time_ in range(_KILLS)]

    def _die(self, name: str, number: signal.Signals) -> Death:
        victims = set(_processes(name))
        began = time.monotonic()
        for pid in victims:
            os.kill(pid, number)
        metric = self._until(began, lambda: not self._healthy(name))
        restart = self._until(began, lambda: bool(set(_processes(name)) - victims))
        healthy = self._until(began, lambda: self._healthy(name))
        for pid in victims & set(_processes(name)):
            os.kill(pid, signal.SIGCONT)
        self._until(began, lambda: not victims & set(_processes(name)))
        self.factory.wait_healthy([name])
        time.sleep(_SETTLED)
        return Death(metric, restart, healthy)

    def _until(self, began: float, true: Callable[[], bool]) -> float:
        while not true():
            if time.monotonic() - began > _PATIENCE:
                raise TimeoutError(f"not within {_PATIENCE:g} s; {self.factory.status()}")
            time.sleep(0.01)
        return time.monotonic() - began

    def _healthy(self, name: str) -> bool:
        address = (self.factory.state / "http").read_text().strip()
        with urllib.request.urlopen(f"{address}/metrics") as answer:
            lines = answer.read().decode().splitlines()
        mine = (one for one in lines if one.startswith("reconciler_service_health{") and f'service="{name}"' in one)
        return any('health="Healthy"' in one and float(one.rpartition(" ")[2]) == 1 for one in mine)


def _processes(name: str) -> Iterator[int]:
    """The servers of a service: a job's by its name, a container's by the name of its pod."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command, words = (folder / "cmdline").read_bytes(), (folder / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        ours = b"http.server" in command or b"faiss_server" in command
        mine = f"SLURM_JOB_NAME={name}.0".encode() in words or any(
            word.startswith(f"HOSTNAME={name}-".encode()) for word in words
        )
        if ours and mine:
            yield int(folder.name)


def _row(what: str, deaths: Sequence[Death]) -> tuple[str, ...]:
    steps = ([one.metric for one in deaths], [one.restart for one in deaths], [one.healthy for one in deaths])
    cells = [short(value) for step in steps for value in (sorted(step)[len(step) // 2], max(step))]
    return (what, str(len(deaths)), *cells)
