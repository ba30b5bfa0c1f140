"""What is still missing before the pages can tell everything."""

from __future__ import annotations

from reconciler.models.status import Status
from reconciler.models.text import visible


def missing(status: Status, targets: tuple[str, ...]) -> list[str]:
    """A sentence for the repository where it was not read yet, and for each target that had no turn yet."""
    found = [f"target {name} had no turn yet" for name in targets if name not in status.targets]
    if status.source.revision is None:
        found.insert(0, f"the repository was not read yet: {visible(status.source.error) or 'first fetch under way'}")
    return found
