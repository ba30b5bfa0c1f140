"""One service as a whole: what `GET /services/{name}` answers, and where it is reached."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from heapq import merge
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field

from reconciler.models.health import Health
from reconciler.models.service import Value
from reconciler.models.status import ServiceStatus, State, Status, Transition, View
from reconciler.models.text import redact, visible
from reconciler.models.wanted import ResolvedService
from reconciler.models.workload import Phase
from reconciler.shapes.endpoint import lines_of, ready_ports
from reconciler.shapes.status import ChangeShape, ServiceShape
from reconciler.shapes.story import WorkloadShape

if TYPE_CHECKING:
    from reconciler.desired.load import Desired

#: Verdicts of the past that are shown with a service; all are at its `history`.
RECENT = 10
_HIDDEN = "***"


class DesiredShape(BaseModel):
    """A service as it is in force. `spec` is what its file says, `config` has the recipe's defaults too.

    Secrets that are made for it are in `spec` as if its file named them: by name and key, as all secrets. `commit` is
    the one that its text was read from. `frozen` says why an earlier version than the present one is in force. Values
    that look like secrets are `***`.
    """

    model_config = ConfigDict(frozen=True)

    file: str = Field(examples=["desired/llama.yaml"])
    commit: str = Field(examples=["4dd4d8b5c149a8f2a5a3c0b1d7e6f9081a2b3c4d"])
    author: str = Field(examples=["bench"])
    subject: str = Field(examples=["Start llama: vllm"])
    time: datetime = Field(examples=["2026-11-30T12:00:00Z"])
    recipe: str = Field(examples=["vllm"])
    target: str = Field(examples=["slurm"])
    replicas: int = Field(examples=[1])
    nodes: int = Field(examples=[2])
    config: dict[str, Value | None] = Field(examples=[{"model": "meta-llama/Llama-3.1-8B-Instruct"}])
    labels: dict[str, str] = Field(examples=[{"team": "nlp"}])
    spec: dict[str, Any] = Field(examples=[{"recipe": "vllm", "nodes": 2}])
    suspended: bool = Field(examples=[False])
    frozen: str = Field(examples=[""])

    @classmethod
    def of(cls, one: ResolvedService) -> DesiredShape:
        """From the desired state."""
        spec, revision = one.service.spec, one.revision
        return cls(
            file=visible(one.file),
            commit=revision.sha,
            author=visible(revision.author),
            subject=visible(revision.subject),
            time=revision.time,
            recipe=spec.recipe,
            target=one.target,
            replicas=spec.replicas,
            nodes=spec.nodes,
            config=_quiet({name: value for name, value in one.config.items() if value is not None}),
            labels=one.service.metadata.labels,
            spec=_quiet(spec.model_dump(mode="json", by_alias=True, exclude_unset=True)),
            suspended=spec.suspend,
            frozen=visible(one.frozen),
        )


class SeenShape(BaseModel):
    """A service as it is on one target. `workloads` are its jobs, or its group of objects; those that ended last too.

    `looked` is when the target was looked at; `blind` is "" or why that look was not whole.
    """

    model_config = ConfigDict(frozen=True)

    service: ServiceShape
    looked: datetime | None = Field(examples=["2026-11-30T12:00:00Z"])
    blind: str = Field(examples=[""])
    workloads: list[WorkloadShape]

    @classmethod
    def of(cls, one: ServiceStatus, view: View | None, changed: Transition | None) -> SeenShape:
        """From a line of the table, and from what its target's last turn worked from."""
        mine = (load for load in view.seen.workloads if load.mark.service == one.service) if view else ()
        loads = sorted(mine, key=lambda load: (load.phase is Phase.ENDED, load.mark.replica, load.mark.generation))
        return cls(
            service=ServiceShape.of(one, changed),
            looked=view.seen.at if view else None,
            blind=visible(view.seen.why) if view else "",
            workloads=[WorkloadShape.of(load, "") for load in loads],
        )


class ServiceDetail(BaseModel):
    """One service: as it is wanted (null: no more), as it is on each target that has it, and what to ask next.

    `state`, `health` and `why` are of the target where it stands worst. `endpoints` are addresses of instances that are
    ready, by port. `history` are its last verdicts, oldest first.
    """

    model_config = ConfigDict(frozen=True)

    service: str = Field(examples=["llama"])
    state: str = Field(examples=["Running"])
    health: str = Field(examples=["Healthy"])
    why: str = Field(examples=[""])
    desired: DesiredShape | None
    seen: list[SeenShape]
    endpoints: dict[str, list[str]] = Field(examples=[{"http": ["n1:20000"]}])
    history: list[ChangeShape]
    links: dict[str, str] = Field(examples=[{"explain": "/services/llama/explain"}])


def detail(
    name: str,
    status: Status,
    views: Iterable[View],
    history: Mapping[str, tuple[Transition, ...]],
    desired: Desired | None,
    *,
    young: bool = False,
) -> ServiceDetail:
    """All of one service; `history` is by target. Raises MissingError with near names where nobody knows it.

    What is in the repository, and no turn has come to yet, is Absent and Pending. `young` is as for `lines_of`.
    """
    lines = lines_of(name, status, desired, young=young)
    by_target = {view.target: view for view in views}
    resolved = desired.services.get(name) if desired else None
    worst = max(lines, key=lambda one: one.health.rank, default=None)
    last = {target: story[-1] for target, story in history.items() if story}
    past = ([ChangeShape.of(change, target) for change in story] for target, story in sorted(history.items()))
    return ServiceDetail(
        service=name,
        state=(worst.state if worst else State.ABSENT).value,
        health=(worst.health if worst else Health.PENDING).value,
        why=visible(worst.why) if worst else "no turn has come to it yet",
        desired=DesiredShape.of(resolved) if resolved else None,
        seen=[SeenShape.of(one, by_target.get(one.target), last.get(one.target)) for one in lines],
        endpoints=ready_ports(lines),
        history=list(merge(*past, key=lambda change: change.at))[-RECENT:],
        links=_links(name),
    )


def _links(name: str) -> dict[str, str]:
    here = f"/services/{quote(name, safe='')}"
    pages = {page: f"{here}/{page}" for page in ("explain", "history", "logs", "endpoint")}
    return {"self": here, **pages, "events": f"/events?service={quote(name, safe='')}"}


def _quiet(content: Any, key: str = "") -> Any:
    """The same without what looks like a secret, by its own looks or by the name of what it is the value of."""
    if isinstance(content, dict):
        return {name: _quiet(value, str(name)) for name, value in content.items()}
    if isinstance(content, list | tuple):
        return [_quiet(value, key) for value in content]
    if not isinstance(content, str):
        return content
    hidden = f"{key}={content}" != redact(f"{key}={content}") and content == redact(content)
    return _HIDDEN if hidden else redact(content)
