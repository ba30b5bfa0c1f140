"""PURE. How one object stands, and what may be said about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto

from reconciler.models.health import Health
from reconciler.models.workload import PendingClass, Phase

_LONGEST = 300


class Stage(Enum):
    """What an object that is not well is busy with, where its own status does not say why that does not go on.

    Only events tell then; each kind of event belongs to one stage.
    """

    CREATING = auto()  # a controller makes pods
    BINDING = auto()  # a claim gets its volume
    PREPARING = auto()  # a node prepares volumes, network and containers of a pod
    PROBING = auto()  # a pod's containers run and are not ready


@dataclass(frozen=True, slots=True)
class Verdict:
    """How one object stands. `since` is when that began, where the object says so.

    `pending` is the class of what it waits for, where that can be told. `stage` is what events could say more about.
    `template` tells versions of a pod apart: of a pod, the one that it is of; of what makes pods, the one that they are
    to be of; "" where that is not told. `made` is when a pod was made; `restarts` is how often in a row it ended soon.
    """

    phase: Phase
    health: Health
    reason: str = ""
    since: datetime | None = None
    pending: PendingClass | None = None
    stage: Stage | None = None
    template: str = ""
    made: datetime | None = None
    restarts: int = 0


def line(reason: str, message: str = "") -> str:
    """One bounded line: messages of a platform may be long, have line breaks, or be a container's own words."""
    text = " ".join((f"{reason}: {message}" if message else reason).split())
    # What a container wrote must not move a terminal's cursor.
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)[:_LONGEST]


def refusal(message: str) -> PendingClass | None:
    """What waits when pods are refused with these words: room in a quota, or for ever what Pod Security forbids."""
    if "exceeded quota" in message:
        return PendingClass.WAITING
    return PendingClass.BLOCKED if "violates PodSecurity" in message else None
