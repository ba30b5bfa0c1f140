"""What would be wrong with an edit: the same checks as `validate`, of what is new because of it."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.desired.load import Desired, Loader
from reconciler.errors import InputError
from reconciler.models.proposal import Edit
from reconciler.models.revision import File, Revision, Snapshot
from reconciler.proposals.base import edited


def check(loader: Loader, snapshot: Snapshot, edit: Edit, service: str) -> Desired:
    """What the snapshot with the edit wants. Raises InputError with the complaints that are new because of it."""
    before = set(loader.load(snapshot, _nothing).complaints)
    desired = loader.load(edited(snapshot, edit), _nothing)
    new = [one for one in desired.complaints if one not in before or one.service == service]
    if new:
        raise InputError(new)
    return desired


def _nothing(path: str) -> Iterator[tuple[Revision, File]]:
    del path
    return iter(())
