"""What happens, as JSON: the `data:` of each event of /events. `kind` is the event's name."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from reconciler.models.event import Event, InForce, Proposed, Reached, Turned, Vanished, Verdict
from reconciler.models.status import ServiceStatus
from reconciler.models.text import visible
from reconciler.shapes.status import VerdictShape, endpoints_by_port

EventKind = Literal["service", "removed", "revision", "target", "proposal", "reset"]
_AT = Field(description="When it happened; null where that is not known.")


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True)


class ServiceEvent(_Shape):
    """A service stands otherwise than before, or (in the whole picture that follows a reset) as it stands now.

    `before` is null where it is new, and in the whole picture. `why` is the reason in words of the verdict.
    """

    kind: Literal["service"] = "service"
    at: datetime | None = _AT
    service: str = Field(examples=["llama"])
    target: str = Field(examples=["slurm"])
    recipe: str = Field(examples=["vllm"])
    state: str = Field(examples=["Running"])
    health: str = Field(examples=["Healthy"])
    before: VerdictShape | None = None
    why: str = ""
    revision: str = Field(description="The commit that what runs was deployed from.", examples=["4dd4d8b5c149"])
    frozen: str = ""
    replicas: int = Field(examples=[1])
    ready: int = Field(examples=[1])
    endpoints: dict[str, list[str]] = Field(examples=[{"http": ["node1:20000"]}])

    @classmethod
    def of(cls, one: ServiceStatus, at: datetime | None, before: VerdictShape | None = None) -> ServiceEvent:
        """From a line of the table."""
        return cls(
            at=at,
            service=one.service,
            target=one.target,
            recipe=one.recipe,
            state=one.state.value,
            health=one.health.value,
            before=before,
            why=visible(one.why),
            revision=visible(one.revision),
            frozen=visible(one.frozen),
            replicas=one.replicas,
            ready=one.ready,
            endpoints=endpoints_by_port(one.endpoints),
        )


class RemovedEvent(_Shape):
    """Nothing of a service is on a target any more, and nobody wants it there."""

    kind: Literal["removed"] = "removed"
    at: datetime | None = _AT
    service: str = Field(examples=["llama"])
    target: str = Field(examples=["slurm"])
    before: VerdictShape


class RevisionEvent(_Shape):
    """Another commit is in force, or what is wrong with the repository or its files is something else."""

    kind: Literal["revision"] = "revision"
    at: datetime | None = _AT
    revision: str = Field(examples=["4dd4d8b5c149a8f2a5a3c0b1d7e6f9081a2b3c4d"])
    author: str = Field(examples=["Ada"])
    subject: str = Field(examples=["Start llama: vllm"])
    committed: datetime | None
    error: str = Field(description="Why the repository cannot be read, or its head is not in force; or empty.")
    complaints: int = Field(description="How many things are wrong in its files.", examples=[0])


class TargetEvent(_Shape):
    """A target is reachable or not any more, another daemon leads there, or restarts are held or not any more."""

    kind: Literal["target"] = "target"
    at: datetime | None = _AT
    target: str = Field(examples=["slurm"])
    platform: str = Field(examples=["slurm"])
    reachable: bool = Field(examples=[True])
    why: str = ""
    leads: bool = Field(description="This daemon may write there.", examples=[True])
    leader: str = ""
    restarts_held: str = ""


class ProposalEvent(_Shape):
    """Somebody's change is in the repository; it is in force from the next `revision` on that has its commit."""

    kind: Literal["proposal"] = "proposal"
    at: datetime | None = _AT
    service: str = Field(examples=["llama"])
    verb: str = Field(examples=["start"])
    caller: str = Field(examples=["bench"])
    through: str = Field(examples=["token"])
    commit: str = Field(examples=["4dd4d8b5c149a8f2a5a3c0b1d7e6f9081a2b3c4d"])
    branch: str = Field(examples=["main"])
    path: str = Field(examples=["desired/llama.yaml"])
    subject: str = Field(examples=["Start llama: vllm"])


class ResetEvent(_Shape):
    """The thread is cut, or begins: forget what you know. `events` events with all that is now follow at once."""

    kind: Literal["reset"] = "reset"
    why: str = Field(examples=["the daemon was started anew"])
    events: int = Field(examples=[2])


EventShape = Annotated[
    ServiceEvent | RemovedEvent | RevisionEvent | TargetEvent | ProposalEvent | ResetEvent, Field(discriminator="kind")
]
#: Reads the `data:` of any event.
EVENTS: TypeAdapter[EventShape] = TypeAdapter(EventShape)


def event_of(event: Event) -> EventShape:
    """From the journal's value."""
    what, at = event.what, event.at
    match what:
        case Turned(line, before):
            return ServiceEvent.of(line, at, _verdict(before) if before else None)
        case Vanished(service, target, before):
            return RemovedEvent(at=at, service=service, target=target, before=_verdict(before))
        case InForce():
            return revision_of(what, at)
        case Reached():
            return target_of(what, at)
        case Proposed(verb, caller, accepted):
            return ProposalEvent(
                at=at,
                service=accepted.service,
                verb=verb,
                caller=visible(caller.name),
                through=visible(caller.through),
                commit=accepted.commit,
                branch=accepted.branch,
                path=visible(accepted.path),
                subject=visible(accepted.subject),
            )


def revision_of(one: InForce, at: datetime | None) -> RevisionEvent:
    """Of the repository."""
    return RevisionEvent(
        at=at,
        revision=one.sha,
        author=visible(one.author),
        subject=visible(one.subject),
        committed=one.committed,
        error=visible(one.error),
        complaints=one.complaints,
    )


def target_of(one: Reached, at: datetime | None) -> TargetEvent:
    """Of a target."""
    return TargetEvent(
        at=at,
        target=one.target,
        platform=one.kind,
        reachable=one.reachable,
        why=visible(one.why),
        leads=one.leads,
        leader=visible(one.leader),
        restarts_held=visible(one.restarts_held),
    )


def _verdict(one: Verdict) -> VerdictShape:
    return VerdictShape(state=one[0].value, health=one[1].value)
