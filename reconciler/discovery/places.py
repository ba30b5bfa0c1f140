"""Which instances of a service there are to be asked, and what each is called for as long as it is the same one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.models.labels import metric_labels
from reconciler.models.status import ServiceStatus, Serving

KUBERNETES = "kubernetes"


@dataclass(frozen=True, slots=True)
class Place:
    """One replica of a service, and the instance that serves for it."""

    line: ServiceStatus
    platform: str
    replica: str
    serving: Serving

    def labels(self) -> dict[str, str]:
        """What it is. Nothing of it changes when it moves, so that its series go on; where it is, is in `__meta_…`.

        Prometheus drops those after relabelling.
        """
        instance, line = self.serving.instance, self.line
        if self.platform == KUBERNETES:
            where = {"namespace": self.serving.workload.partition("/")[0], "pod": instance.name}
        else:
            where = {"job_id": instance.name}
        return {
            "instance": f"{line.service}.{self.replica}",
            "service": line.service,
            "replica": self.replica,
            "target": line.target,
            "platform": self.platform,
            "recipe": line.recipe,
            **metric_labels(line.labels),
            **{f"__meta_reconciler_{name}": value for name, value in where.items()},
            "__meta_reconciler_node": instance.node,
            "__meta_reconciler_revision": line.revision,
        }


def places(line: ServiceStatus, platform: str) -> Iterator[Place]:
    """One for each replica. While a successor starts beside its predecessor, that is whichever is up; both: the newest.

    On Kubernetes each pod is a replica, called by what its name has besides the service's: `0` in a StatefulSet.
    """
    best: dict[str, Serving] = {}
    for one in line.serving:
        replica = _replica(line, one, platform)
        known = best.get(replica)
        if known is None or _rank(known) < _rank(one):
            best[replica] = one
    for replica in sorted(best):
        yield Place(line, platform, replica, best[replica])


def _replica(line: ServiceStatus, one: Serving, platform: str) -> str:
    return one.instance.name.removeprefix(f"{line.service}-") if platform == KUBERNETES else str(one.replica)


def _rank(one: Serving) -> tuple[bool, int]:
    """Slurm's job ids grow."""
    return one.up, int(one.workload) if one.workload.isdecimal() else 0
