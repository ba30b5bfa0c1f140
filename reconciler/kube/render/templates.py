"""PURE. Where the pod templates of an object are."""

from __future__ import annotations

from collections.abc import Callable

from reconciler.kube.kinds import Object

_GROUP = ("spec", "leaderWorkerTemplate")
_PATHS = {
    "Deployment": (("spec", "template"),),
    "StatefulSet": (("spec", "template"),),
    "DaemonSet": (("spec", "template"),),
    "LeaderWorkerSet": ((*_GROUP, "leaderTemplate"), (*_GROUP, "workerTemplate")),
}


def with_templates(item: Object, change: Callable[[Object], Object]) -> Object:
    """A copy in which each pod template is what `change` makes of it; those that are not there are not made.

    Templates of Jobs are left alone: they can never be changed.
    """
    for path in _PATHS.get(item["kind"], ()):
        item = _with(item, path, change)
    return item


def templates(item: Object) -> list[Object]:
    """The pod templates of an object."""
    found: list[Object] = []

    def keep(template: Object) -> Object:
        found.append(template)
        return template

    with_templates(item, keep)
    return found


def mapping(value: object) -> Object:
    """A mapping as it is, and nothing for anything else that a patch may have put in its place."""
    return value if isinstance(value, dict) else {}


def _with(value: Object, path: tuple[str, ...], change: Callable[[Object], Object]) -> Object:
    head, rest = path[0], path[1:]
    below = value.get(head)
    if not isinstance(below, dict):
        return value
    return {**value, head: _with(below, rest, change) if rest else change(below)}
