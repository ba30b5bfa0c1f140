"""What will be done, and where: what /plan and /targets answer, and `reconciler plan -o json`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from reconciler.errors import MissingError
from reconciler.models.action import Action, Plan, kind_of, subject_of
from reconciler.models.status import ServiceStatus, Status, TargetStatus, View
from reconciler.models.text import visible
from reconciler.models.workload import Observed
from reconciler.shapes.status import TargetShape


class ActionShape(BaseModel):
    """One action, and why. `subject` is the service, or one replica of it."""

    model_config = ConfigDict(frozen=True)

    action: str = Field(
        description="deploy, replace, restart, renew, amend, repair, cancel or hold.", examples=["deploy"]
    )
    subject: str = Field(examples=["llama.0"])
    service: str = Field(examples=["llama"])
    reason: str = Field(examples=["not there"])

    @classmethod
    def of(cls, one: Action) -> ActionShape:
        """From the plan."""
        return cls(action=kind_of(one), subject=subject_of(one), service=one.service, reason=visible(one.reason))


class TargetPlanShape(BaseModel):
    """The plan of one target. Where the look was not whole (`complete` is false; `why` says it), nothing is done.

    `looked` is when that look was, `revision` the short id of the commit that the plan was made for.
    """

    model_config = ConfigDict(frozen=True)

    complete: bool = Field(examples=[True])
    why: str = Field(examples=[""])
    looked: datetime | None = Field(default=None, examples=["2026-11-30T12:00:00Z"])
    revision: str = Field(default="", examples=["4dd4d8b5c149"])
    actions: list[ActionShape]

    @classmethod
    def of(cls, plan: Plan, seen: Observed, revision: str = "") -> TargetPlanShape:
        """From what a turn worked from."""
        return cls(
            complete=seen.complete,
            why=visible(seen.why),
            looked=seen.at,
            revision=revision,
            actions=[ActionShape.of(action) for action in plan.actions],
        )


_PLAN = {
    "complete": True,
    "why": "",
    "looked": "2026-11-30T12:00:00Z",
    "revision": "4dd4d8b5c149",
    "actions": [{"action": "deploy", "subject": "llama.0", "service": "llama", "reason": "not there"}],
}


class PlanShape(BaseModel):
    """What the last turn of each target decided. `revision` is the commit in force, `errors` what is wrong in it."""

    model_config = ConfigDict(frozen=True)

    revision: str = Field(examples=["4dd4d8b5c149a8f2a5a3c0b1d7e6f9081a2b3c4d"])
    targets: dict[str, TargetPlanShape] = Field(examples=[{"slurm": _PLAN}])
    errors: list[str] = Field(examples=[[]])

    @classmethod
    def of(cls, status: Status, views: Iterable[View]) -> PlanShape:
        """From the board's values."""
        source = status.source
        known = {name: target.revision for name, target in status.targets.items()}
        targets = {one.target: TargetPlanShape.of(one.plan, one.seen, known.get(one.target, "")) for one in views}
        revision = source.revision.sha if source.revision else ""
        return cls(revision=revision, targets=targets, errors=[str(one) for one in source.complaints])


class GpuShape(BaseModel):
    """GPUs of our workloads: of those that run, and of those that wait."""

    model_config = ConfigDict(frozen=True)

    used: int = Field(examples=[8])
    asked: int = Field(examples=[0])


class TargetDetail(TargetShape):
    """One target with what there is of ours. `jobs` counts workloads by phase, `services` services by health."""

    leads: bool = Field(description="Whether this daemon may write there.", examples=[True])
    leader: str = Field(description="Who may, where daemons contend for it.", examples=[""])
    jobs: dict[str, int] = Field(examples=[{"Running": 2, "Pending": 1}])
    gpus: GpuShape
    services: dict[str, int] = Field(examples=[{"Healthy": 1, "Pending": 1}])

    @classmethod
    def whole(cls, one: TargetStatus, services: Mapping[str, int]) -> TargetDetail:
        """From the board's value; `services` counts by health."""
        return cls(
            **dict(TargetShape.of(one)),
            leads=one.leads,
            leader=visible(one.leader),
            jobs={phase.value: count for phase, count in one.jobs.items()},
            gpus=GpuShape(used=one.gpus[0], asked=one.gpus[1]),
            services=dict(services),
        )


def list_targets(status: Status) -> list[TargetDetail]:
    """All targets that were looked at, by name."""
    counts = _counts(status.services)
    return [TargetDetail.whole(one, counts.get(name, {})) for name, one in sorted(status.targets.items())]


def get_target(status: Status, name: str, known: Iterable[str] = ()) -> TargetDetail:
    """The target of that name; `known` are those of the settings. Raises MissingError."""
    found = status.targets.get(name)
    if found is None:
        names = sorted({*status.targets, *known})
        what = f"the target {name} had no turn yet" if name in names else f"there is no target {visible(name[:80])}"
        raise MissingError(f"{what}; there are {', '.join(names) or 'none'}")
    return TargetDetail.whole(found, _counts(status.services).get(name, {}))


def _counts(services: Iterable[ServiceStatus]) -> dict[str, Counter[str]]:
    found: dict[str, Counter[str]] = {}
    for one in services:
        found.setdefault(one.target, Counter())[one.health.value] += 1
    return found
