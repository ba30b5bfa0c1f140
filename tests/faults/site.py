"""One factory for many faults: a stateless and a stateful service that stay, and what can be said of their jobs."""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping
from secrets import randbelow, token_hex
from typing import Any

from lab.factory import Factory, line_of
from lab.lab import Lab
from lab.slurm import SlurmFacts
from reconciler.shapes.status import ServiceShape, StatusShape
from tests.e2e.world import Job, alive, jobs
from tests.faults.tools import Tools
from tests.storm.recipes import PROGRAM, RECIPES, ledger, web

_PORTS = 500
STAY = ("data", "web")


class Site(Factory):
    """A factory whose daemon calls Slurm's commands through `tools`. `timeout` is that of one command."""

    def __init__(self, lab: Lab, timeout: str = "15s") -> None:
        name = f"s{token_hex(4)}"
        super().__init__(lab, name, owner=name)
        self._timeout = timeout
        # Labs on one machine share its ports, and a client may still ask at one that another lab has taken.
        self._ports = 20_000 + _PORTS * randbelow(20)
        self._extra: dict[str, str] = {}
        self.tools = Tools(self)
        self.put(self.folder / "programs" / "ledger", PROGRAM, 0o755)
        self.configure()
        self.commit(RECIPES, "recipes")

    @property
    def slurm(self) -> SlurmFacts:
        """The cluster, not by way of the tools."""
        return self.lab.slurm

    def slurm_target(self) -> dict[str, Any]:
        """As of any factory, by way of the tools."""
        target = super().slurm_target()
        transport = {**target["transport"], "bin": str(self.tools.folder)}
        path = [str(self.folder / "programs"), *target["path"]]
        ports = [self._ports, self._ports + _PORTS - 1]
        return {**target, "transport": transport, "path": path, "ports": ports, "timeout": self._timeout}

    def environment(self) -> dict[str, str]:
        """As of any factory, and what a test adds for its daemon."""
        return super().environment() | self._extra

    def extend(self, environment: Mapping[str, str]) -> None:
        """Add to the environment of the daemon; holds from its next start."""
        self._extra |= environment

    def settle(self) -> None:
        """Start with the two services that stay, and wait until they are healthy."""
        self.commit(web("web") | ledger("data"), "two services")
        self.start()
        self.wait_healthy(STAY)

    def alive(self) -> dict[str, list[str]]:
        """Job name to ids of those that are pending or run."""
        return alive(self.slurm, self.owner)

    def jobs(self, name: str) -> list[Job]:
        """All jobs of that name, in the order of their ids, ended ones too."""
        return sorted((job for job in jobs(self.slurm, self.owner) if job.name == name), key=lambda job: int(job.id))

    def only(self, name: str) -> str:
        """The id of the one living job of that name."""
        (job,) = self.alive()[name]
        return job

    def line(self, name: str) -> ServiceShape:
        """The line of a service in the table."""
        shape = self.status()
        found = line_of(shape, name) if shape else None
        assert found is not None, f"there is no line for {name}"
        return found

    def wait_line(self, name: str, ready: Callable[[ServiceShape], bool], seconds: float = 30) -> ServiceShape:
        """Wait until the line of a service is as `ready` says."""
        self.wait(name, lambda shape: (line := line_of(shape, name)) is not None and ready(line), seconds)
        return self.line(name)

    def wait_lost(self) -> StatusShape:
        """Wait until the daemon says that it does not see the cluster whole."""
        return self.wait("unknown", lambda shape: any(not one.reachable for one in shape.targets), 40)

    def wait_seen(self) -> StatusShape:
        """Wait until the daemon says that it sees the cluster."""
        return self.wait("seen", lambda shape: bool(shape.targets) and all(one.reachable for one in shape.targets))

    def kill(self) -> None:
        """kill -9 for the daemon, and nothing else."""
        self.stop(signal.SIGKILL)

    def remove(self, *names: str) -> None:
        """Take services out of Git and wait until they have gone."""
        texts = {f"desired/{name}.yaml": None for name in names}
        self.commit(texts, f"remove {', '.join(names)}\n\nReconciler-Allow-Removals: all")
        self.wait(f"{names} gone", lambda shape: not set(names) & {one.service for one in shape.services})

    def clear(self) -> None:
        """End the daemon and all jobs."""
        self.stop()
        living = [job.id for job in jobs(self.slurm, self.owner) if job.alive]
        if living and self.slurm.answers():
            self.slurm.command("scancel", *living)
