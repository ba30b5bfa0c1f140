"""PURE. Fields that all kinds have alike. Custom resources hold anything, so that nothing here ever raises."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from reconciler.kube.judge.verdict import line
from reconciler.kube.kinds import Object

_NOTHING: Mapping[str, object] = {}


def status_of(item: Object) -> Object:
    """The status; empty when there is none."""
    status = item.get("status")
    return status if isinstance(status, dict) else {}


def conditions(item: Object) -> dict[str, Object]:
    """The conditions by their type."""
    found = status_of(item).get("conditions")
    usable = [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
    return {str(condition.get("type", "")): condition for condition in usable}


def holds(condition: Mapping[str, object] | None) -> bool:
    """Whether a condition is there and true."""
    return condition is not None and condition.get("status") == "True"


def told(condition: Mapping[str, object]) -> str:
    """What a condition says, in one line."""
    return line(str(condition.get("reason") or condition.get("type") or ""), str(condition.get("message") or ""))


def created(item: Object) -> datetime | None:
    """When an object was made."""
    return time(_metadata(item).get("creationTimestamp"))


def deleted(item: Object) -> datetime | None:
    """When somebody asked for an object to go; None when nobody did."""
    return time(_metadata(item).get("deletionTimestamp"))


def since(condition: Mapping[str, object], item: Object) -> datetime | None:
    """When a condition became what it is; otherwise when the object was made."""
    return time(condition.get("lastTransitionTime")) or created(item)


def unseen(item: Object) -> bool:
    """Whether its controller has not yet seen the present spec, as far as it says what it has seen."""
    generation, observed = _metadata(item).get("generation"), status_of(item).get("observedGeneration")
    return isinstance(generation, int) and isinstance(observed, int) and observed != generation


def never_seen(item: Object) -> bool:
    """Whether its controller, which writes what it has seen, has not yet written anything."""
    return "observedGeneration" not in status_of(item)


def name(item: Object) -> str:
    """The object's name."""
    return str(_metadata(item).get("name", ""))


def time(text: object) -> datetime | None:
    """An RFC 3339 time; None for anything else."""
    try:
        found = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found and found.tzinfo is None else found


def _metadata(item: Object) -> Mapping[str, object]:
    found = item.get("metadata")
    return found if isinstance(found, dict) else _NOTHING
