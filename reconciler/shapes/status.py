"""The status as JSON: what /status answers and what `reconciler status` reads back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from pydantic import BaseModel, ConfigDict, Field

from reconciler.models.status import ServiceStatus, Status, TargetStatus, Transition
from reconciler.models.text import visible


def endpoints_by_port(pairs: tuple[tuple[str, str], ...]) -> dict[str, list[str]]:
    """Port names and all of their addresses, in the order given."""
    found: dict[str, list[str]] = {}
    for port, address in pairs:
        found.setdefault(port, []).append(address)
    return found


class VerdictShape(BaseModel):
    """How a service stood."""

    model_config = ConfigDict(frozen=True)

    state: str = Field(examples=["Running"])
    health: str = Field(examples=["Healthy"])

    @classmethod
    def of(cls, one: ServiceStatus) -> VerdictShape:
        """From the board's value."""
        return cls(state=one.state.value, health=one.health.value)

    def __str__(self) -> str:
        return f"{self.state}/{self.health}"


class ChangeShape(BaseModel):
    """A change of the verdict on a service; `before` is None for the first one since the daemon's start."""

    model_config = ConfigDict(frozen=True)

    target: str = Field(examples=["slurm"])
    at: datetime
    before: VerdictShape | None
    after: VerdictShape
    why: str = Field(examples=[""])

    @classmethod
    def of(cls, change: Transition, target: str) -> ChangeShape:
        """From the board's value."""
        before = change.before and VerdictShape(state=change.before[0].value, health=change.before[1].value)
        after = VerdictShape(state=change.after[0].value, health=change.after[1].value)
        return cls(target=target, at=change.at, before=before, after=after, why=visible(change.why))


class ServiceShape(BaseModel):
    """One line of the table; the fields are those of `models.status.ServiceStatus`. Every text is printable.

    `changed` is the last change of its verdict (None: not known).
    """

    model_config = ConfigDict(frozen=True)

    service: str = Field(examples=["llama"])
    target: str = Field(description="Empty where no good version of it names one.", examples=["slurm"])
    recipe: str = Field(description="Empty for what nobody wants any more.", examples=["vllm"])
    revision: str = Field(description="Short id of the commit that what runs is from.", examples=["4dd4d8b5c149"])
    state: str = Field(
        description="Absent, Pending, Running, Stopping, Suspended, Held, Removing or Unknown.", examples=["Running"]
    )
    health: str = Field(
        description="Healthy, Suspended, Progressing, Pending, Unknown, Degraded or Failed.", examples=["Healthy"]
    )
    since: datetime = Field(description="Since when it is in its state.")
    why: str = Field(examples=[""])
    frozen: str = Field(description="Why an earlier version of its file is in force; empty: it is not.", examples=[""])
    replicas: int = Field(examples=[1])
    ready: int = Field(examples=[1])
    endpoints: dict[str, list[str]] = Field(
        description="Addresses of what serves, by port.", examples=[{"http": ["n1:20000"]}]
    )
    pending: str | None = Field(
        description="What the one that is furthest behind waits for: waiting, reserved, held or blocked."
    )
    expected: datetime | None = Field(description="When the platform thinks that it starts.")
    deadline: datetime | None = Field(
        description="The earliest time limit of a healthy replica.", examples=["2026-11-30T12:00:00Z"]
    )
    attempt: int = Field(description="Failed starts in a row.", examples=[0])
    ended: str | None = Field(description="Why its last workload ended.")
    generation: int = Field(description="The highest number of hand-overs of a replica.", examples=[0])
    drift: list[str] = Field(description="What was changed by hand and is not repaired yet.", examples=[[]])
    fights: list[str] = Field(description="What somebody undoes again and again.", examples=[[]])
    looping: bool = Field(default=False, description="It fails again and again right after its start.")
    unhealthy: datetime | None = Field(default=None, description="Since when it is unhealthy.")
    changed: ChangeShape | None = Field(default=None, description="The last change of its verdict.")
    labels: dict[str, str] = Field(default={}, description="Its own labels.", examples=[{"team": "nlp"}])

    @classmethod
    def of(cls, one: ServiceStatus, changed: Transition | None = None) -> ServiceShape:
        """From the board's value."""
        return cls(
            service=visible(one.service),
            target=one.target,
            recipe=one.recipe,
            revision=visible(one.revision),
            state=one.state.value,
            health=one.health.value,
            since=one.since,
            why=visible(one.why),
            frozen=visible(one.frozen),
            replicas=one.replicas,
            ready=one.ready,
            endpoints=endpoints_by_port(one.endpoints),
            pending=one.pending.value if one.pending else None,
            expected=one.expected,
            deadline=one.deadline,
            attempt=one.attempt,
            ended=one.ended.value if one.ended else None,
            generation=one.generation,
            drift=[visible(str(drift)) for drift in one.drift],
            fights=[visible(str(fight.drift)) for fight in one.fights],
            looping=one.looping,
            unhealthy=one.unhealthy,
            changed=ChangeShape.of(changed, one.target) if changed else None,
            labels=dict(one.labels),
        )


class TargetShape(BaseModel):
    """One target."""

    model_config = ConfigDict(frozen=True)

    target: str = Field(examples=["slurm"])
    kind: str = Field(description="kubernetes or slurm.", examples=["slurm"])
    reachable: bool = Field(examples=[True])
    why: str = Field(description="Why it cannot be seen as a whole.", examples=[""])
    looked: datetime | None = Field(
        description="When it was last looked at as a whole.", examples=["2026-11-30T12:00:00Z"]
    )
    revision: str = Field(
        description="Short id of the commit that its last turn worked from.", examples=["4dd4d8b5c149"]
    )
    gaps: dict[str, str] = Field(description="Parts that could not be looked at, and why.", examples=[{}])
    restarts_held: str = Field(default="", description="Why what is unhealthy is not restarted just now.")

    @classmethod
    def of(cls, one: TargetStatus) -> TargetShape:
        """From the board's value."""
        return cls(
            target=one.target,
            kind=one.kind,
            reachable=one.reachable,
            why=visible(one.why),
            looked=one.looked,
            revision=one.revision,
            gaps={gap.part: visible(gap.why) for gap in one.gaps},
            restarts_held=visible(one.restarts_held),
        )


class SourceShape(BaseModel):
    """The repository."""

    model_config = ConfigDict(frozen=True)

    revision: str = Field(
        description="Id of the commit in force.", examples=["4dd4d8b5c149a8f2a5a3c0b1d7e6f9081a2b3c4d"]
    )
    author: str = Field(examples=["bench"])
    subject: str = Field(examples=["Start llama: vllm"])
    time: datetime | None = Field(examples=["2026-11-30T12:00:00Z"])
    error: str = Field(description="Why it cannot be read now.", examples=[""])
    complaints: list[str] = Field(description="What is wrong with its files.", examples=[[]])
    verified: bool | None = Field(default=None, description="Whether its signature is good; null: not asked.")


class LeaderShape(BaseModel):
    """Who writes to a target: this daemon (`leads`), or the one named."""

    model_config = ConfigDict(frozen=True)

    leads: bool = Field(examples=[True])
    leader: str = Field(examples=[""])


class ReadyShape(BaseModel):
    """What is still missing before the daemon is ready, and who leads on each target."""

    model_config = ConfigDict(frozen=True)

    missing: list[str] = Field(examples=[[]])
    targets: dict[str, LeaderShape] = Field(examples=[{"slurm": {"leads": True, "leader": ""}}])

    @classmethod
    def of(cls, missing: list[str], status: Status) -> ReadyShape:
        """From the board's values."""
        leaders = {
            name: LeaderShape(leads=target.leads, leader=visible(target.leader))
            for name, target in status.targets.items()
        }
        return cls(missing=missing, targets=leaders)


class StatusShape(BaseModel):
    """Everything at one moment."""

    model_config = ConfigDict(frozen=True)

    source: SourceShape
    targets: list[TargetShape]
    services: list[ServiceShape]

    @classmethod
    def of(cls, status: Status, changes: Mapping[tuple[str, str], Transition] = MappingProxyType({})) -> StatusShape:
        """From the board's value; `changes` are the last ones, by (service, target)."""
        revision = status.source.revision
        source = SourceShape(
            revision=revision.sha if revision else "",
            author=visible(revision.author) if revision else "",
            subject=visible(revision.subject) if revision else "",
            time=revision.time if revision else None,
            error=visible(status.source.error),
            complaints=[str(complaint) for complaint in status.source.complaints],
            verified=status.source.verified,
        )
        targets = [TargetShape.of(target) for target in status.targets.values()]
        services = [ServiceShape.of(one, changes.get((one.service, one.target))) for one in status.services]
        return cls(source=source, targets=targets, services=services)
