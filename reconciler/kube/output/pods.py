"""PURE. Pods as the API server lists them → which runs of which containers are read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from reconciler.kube.kinds import Object
from reconciler.models.workload import Phase


@dataclass(frozen=True, slots=True)
class Source:
    """One run of one container; `replica` is the pod's number in the order of names, `run` counts its restarts.

    `previous`: it is the run before the present one, which is the only other one that the node keeps.
    """

    namespace: str
    pod: str
    container: str
    replica: int
    run: int
    phase: Phase
    previous: bool = False

    @property
    def id(self) -> str:
        """Names this run; none of its words can have a slash."""
        return f"{self.namespace}/{self.pod}/{self.container}/{self.run}"


def sources(
    pods: Sequence[Object], replica: int | None, known: Mapping[str, int], *, previous: bool
) -> Iterator[Source]:
    """What is read, of every pod or that of one number: what runs; where nothing does, or with `previous`, what ended.

    A run that is `known` is among them when it has ended, so that what it wrote last is not lost.
    """
    for number, pod in enumerate(sorted(pods, key=lambda one: str(one["metadata"]["name"]))):
        for status in _statuses(pod) if replica in (None, number) else ():
            runs = list(_runs(pod, number, status))
            ended = [run for run in runs if run.phase is Phase.ENDED]
            chosen = ended[-1:] if previous else runs[-1:]
            yield from (run for run in runs if run in chosen or run.id in known)


def _statuses(pod: Object) -> list[Object]:
    """Those of its containers; while it is being prepared, those of what prepares it."""
    status = pod.get("status") or {}
    mine = status.get("containerStatuses") or []
    began = any(_begins(one) or _has_ended(one) for one in mine)
    return mine if began else [*(status.get("initContainerStatuses") or []), *mine]


def _runs(pod: Object, number: int, status: Object) -> Iterator[Source]:
    """The runs of a container whose output the node still has, oldest first.

    Of one that waits for its next start the last run counts as the present one.
    """
    state, count, metadata = status.get("state") or {}, int(status.get("restartCount") or 0), pod["metadata"]
    present = Source(metadata["namespace"], metadata["name"], status["name"], number, count, Phase.ENDED)
    if not _begins(status):
        yield from [present] if _has_ended(status) else []
        return
    if _has_ended(status):
        yield replace(present, run=count - 1, previous=True)
    yield replace(present, phase=Phase.RUNNING if "running" in state else Phase.ENDED)


def _begins(status: Object) -> bool:
    """Whether its present run has begun. A state that says nothing is one of waiting."""
    return bool({"running", "terminated"} & (status.get("state") or {}).keys())


def _has_ended(status: Object) -> bool:
    return "terminated" in (status.get("lastState") or {})
