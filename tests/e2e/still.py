"""A desk on a real Slurm that takes its jobs and runs none: for tests and measures of the API, not of services."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from lab.host import LabError
from lab.lab import Lab
from tests.e2e.desk import Desk
from tests.e2e.world import jobs


class StillDesk(Desk):
    """A desk whose target is a partition of its own that is down: jobs wait for ever, and cost nothing."""

    def slurm_target(self) -> dict[str, Any]:
        """With that partition."""
        target = super().slurm_target()
        return {**target, "defaults": {**target["defaults"], "partition": self.owner}}


Kind = TypeVar("Kind", bound=StillDesk)


@contextmanager
def still(lab: Lab, kind: type[Kind], files: Mapping[str, str | bytes | None], **given: Any) -> Iterator[Kind]:
    """A desk with these files, its daemon ready; `given` are the desk's. Nothing of it is left afterwards."""
    desk = kind(lab, **given)
    partition, nodes = f"PartitionName={desk.owner}", ",".join(lab.slurm.nodes)
    lab.slurm.admin("scontrol", "create", partition, f"Nodes={nodes}", "State=DOWN", "MaxTime=INFINITE")
    try:
        desk.commit(files, "Add the services")
        desk.begin()
        yield desk
    finally:
        desk.stop()
        with suppress(LabError):
            living = [job.id for job in jobs(lab.slurm, desk.owner) if job.alive]
            if living:
                lab.slurm.command("scancel", f"--partition={desk.owner}")
            lab.slurm.admin("scontrol", "delete", partition)
