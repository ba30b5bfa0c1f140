"""Two targets that reach one cluster: what one of them starts would be a stranger's to the other, and ended."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.desired.finding import Finding
from reconciler.settings import KubernetesTarget, Settings, SlurmTarget, Target


def check_clusters(settings: Settings) -> Iterator[Finding]:
    """A complaint of each target that sees the workloads of one before it: the mark names an owner and no target."""
    seen: dict[str, Target] = {}
    for name, target in settings.targets.items():
        other = next((one for one, before in seen.items() if _same(before, target)), None)
        if other is not None:
            problem = f"reaches the same workloads as the target {other}: each would end what the other starts"
            fix = "keep one of them, or give the other to a second daemon with an `owner` of its own"
            yield Finding(("targets", name), problem, fix=fix)
        seen[name] = target


def _same(one: Target, other: Target) -> bool:
    match one, other:
        case SlurmTarget(), SlurmTarget():
            return one.transport == other.transport
        case KubernetesTarget(), KubernetesTarget():
            place = (one.kubeconfig, one.context) == (other.kubeconfig, other.context)
            return place and not set(one.namespaces).isdisjoint(other.namespaces)
        case _:
            return False
