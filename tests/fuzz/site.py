"""The daemon that is fuzzed: a real Slurm takes its jobs and runs none, a repository of its own takes its commits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from lab.host import LabError
from lab.lab import Lab
from tests.e2e.desk import Desk
from tests.e2e.world import jobs, service

#: Services that are there at first; the names of schemathesis.toml are these, and others that are not.
NAMES = ("llama", "bench-1", "bench-2", "web-1", "web-2")


class FuzzSite(Desk):
    """A desk whose target is a partition that is down: jobs wait for ever, and cost nothing."""

    def slurm_target(self) -> dict[str, Any]:
        """With a partition of its own, and an operator's limit."""
        target = super().slurm_target()
        defaults = {**target["defaults"], "partition": self.owner}
        return {**target, "defaults": defaults, "limits": {"services": 200}}

    def http_settings(self) -> dict[str, Any]:
        """What reads without a token may be seen by all, as one run has none; streams end soon."""
        return super().http_settings() | {"anonymous": {"read": "all", "metrics": "all"}}


@contextmanager
def running(lab: Lab) -> Iterator[FuzzSite]:
    """The daemon, ready, with a few services. Nothing of it is left afterwards."""
    site = FuzzSite(lab)
    name, nodes = site.owner, ",".join(lab.slurm.nodes)
    lab.slurm.admin("scontrol", "create", f"PartitionName={name}", f"Nodes={nodes}", "State=DOWN", "MaxTime=INFINITE")
    try:
        site.commit({f"desired/{one}.yaml": service(one) for one in NAMES}, "a few services")
        site.begin()
        site.wait("all shown", lambda shape: {one.service for one in shape.services} >= set(NAMES))
        yield site
    finally:
        site.stop()
        with suppress(LabError):
            living = [job.id for job in jobs(lab.slurm, site.owner) if job.alive]
            if living:
                lab.slurm.command("scancel", *living)
            lab.slurm.admin("scontrol", "delete", f"PartitionName={name}")
