"""What pods do by themselves, by chance: they become ready, crash, cannot be pulled, or fit on no node."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from random import Random
from typing import Literal

from reconciler.kube.kinds import Object
from tests.sim.kubernetes.store import Key

Trouble = Literal["", "crash", "image", "unschedulable"]


@dataclass(frozen=True, slots=True)
class Character:
    """Ready after so many seconds (None: never); until then in this trouble."""

    healthy: int | None = 2
    trouble: Trouble = ""


@dataclass(slots=True)
class Pod:
    """A pod of one version (`template`) of what owns it, since `born` (seconds)."""

    key: Key
    owner: str
    template: str
    born: int
    character: Character

    def is_ready(self, now: int) -> bool:
        return self.character.healthy is not None and now - self.born >= self.character.healthy


def draw_from(chance: Random) -> Callable[[], Character]:
    """Mostly good pods; each other kind now and then."""

    def draw() -> Character:
        good = Character(healthy=chance.randint(0, 12))
        match chance.randrange(12):
            case 0:
                return replace(good, healthy=None, trouble=chance.choice(("crash", "image", "unschedulable", "")))
            case 1 | 2:
                return Character(chance.randint(5, 120), chance.choice(("crash", "image", "unschedulable")))
            case _:
                return good

    return draw


def status(pod: Pod, now: int) -> Object:
    """What the kubelet and the scheduler say of a pod."""
    if pod.is_ready(now):
        since = stamp(pod.born + (pod.character.healthy or 0))
        ready = {"type": "Ready", "status": "True", "lastTransitionTime": since}
        return {"phase": "Running", "conditions": [ready], "containerStatuses": [{"name": "main", "ready": True}]}
    match pod.character.trouble:
        case "unschedulable":
            words = {"reason": "Unschedulable", "message": "0/1 nodes are available: 1 Insufficient cpu."}
            return {"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False", **words}]}
        case "image":
            return _waiting("ImagePullBackOff", {})
        case "crash":
            return _waiting("CrashLoopBackOff", {"terminated": {"exitCode": 1, "reason": "Error"}})
        case _:
            return _waiting("ContainerCreating", {})


def _waiting(reason: str, last: Object) -> Object:
    container = {"name": "main", "ready": False, "state": {"waiting": {"reason": reason}}, "lastState": last}
    return {"phase": "Pending", "conditions": [], "containerStatuses": [container]}


@lru_cache(10_000)
def stamp(seconds: int) -> str:
    """A time as Kubernetes writes it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
