"""The status as JSON: what /status answers and what `reconciler status` reads back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from pydantic import BaseModel, ConfigDict

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

    state: str
    health: str

    @classmethod
    def of(cls, one: ServiceStatus) -> VerdictShape:
        """From the board's value."""
        return cls(state=one.state.value, health=one.health.value)

    def __str__(self) -> str:
        return f"{self.state}/{self.health}"


class ChangeShape(BaseModel):
    """A change of the verdict on a service; `before` is None for the first one since the daemon's start."""

    model_config = ConfigDict(frozen=True)

    target: str
    at: datetime
    before: VerdictShape | None
    after: VerdictShape
    why: str

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

    service: str
    target: str
    recipe: str
    revision: str
    state: str
    health: str
    since: datetime
    why: str
    frozen: str
    replicas: int
    ready: int
    endpoints: dict[str, list[str]]
    pending: str | None
    expected: datetime | None
    deadline: datetime | None
    attempt: int
    ended: str | None
    generation: int
    drift: list[str]
    fights: list[str]
    looping: bool = False
    unhealthy: datetime | None = None
    changed: ChangeShape | None = None
    labels: dict[str, str] = {}

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

    target: str
    kind: str
    reachable: bool
    why: str
    looked: datetime | None
    revision: str
    gaps: dict[str, str]
    restarts_held: str = ""

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

    revision: str
    author: str
    subject: str
    time: datetime | None
    error: str
    complaints: list[str]
    verified: bool | None = None


class LeaderShape(BaseModel):
    """Who writes to a target: this daemon (`leads`), or the one named."""

    model_config = ConfigDict(frozen=True)

    leads: bool
    leader: str


class ReadyShape(BaseModel):
    """What is still missing before the daemon is ready, and who leads on each target."""

    model_config = ConfigDict(frozen=True)

    missing: list[str]
    targets: dict[str, LeaderShape]

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
