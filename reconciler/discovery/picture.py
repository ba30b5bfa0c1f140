"""Whether enough has been seen for a list from which something may be missing."""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.models.status import Status


def lacking(status: Status, targets: Iterable[str]) -> list[str]:
    """What has not been seen since the daemon's start of the targets in question; a list is whole when this is empty.

    An earlier one would make Prometheus forget what runs: unknown is not absent.
    """
    missing = [f"target {name} was not seen yet" for name in targets if not _seen(status, name)]
    return missing if status.source.revision else ["the repository was not read yet", *missing]


def _seen(status: Status, name: str) -> bool:
    known = status.targets.get(name)
    return known is not None and known.looked is not None
