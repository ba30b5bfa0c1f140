"""What would be there after a change, checked as `validate` checks it, and by the operator's limits."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence

from reconciler.desired.load import Desired, Loader
from reconciler.errors import Complaint, InputError
from reconciler.models.proposal import Edit
from reconciler.models.revision import File, Revision, Snapshot

#: Numbers in words that move with every change elsewhere: lines of files, and how many services go to a target.
_MOVING = re.compile(r"(?<=:)\d+\b|\b\d+(?= go to it)")


def check(loader: Loader, snapshot: Snapshot, edit: Edit, service: str) -> Desired:
    """What the snapshot would want with the edit made.

    Raises InputError with what would be wrong because of it: with the service itself, and anything new elsewhere (a
    limit, a name that is taken, others that depend on it). What was wrong elsewhere before stands in nobody's way.
    Without history: what is frozen counts as held here, so nothing of the result is to be acted on.
    """
    after = loader.load(edited(snapshot, edit), _nothing)
    wrong = [one for one in after.complaints if one.service == service]
    others = [one for one in after.complaints if one.service != service]
    if others:
        before = {_key(one) for one in loader.load(snapshot, _nothing).complaints}
        wrong += [one for one in others if _key(one) not in before]
    if wrong:
        raise InputError(_in_order(wrong))
    return after


def edited(snapshot: Snapshot, edit: Edit) -> Snapshot:
    """The snapshot with the edit made, its files named as Git would."""
    files = dict(snapshot.files)
    if edit.after is None:
        files.pop(edit.path, None)
    else:
        files[edit.path] = File(edit.path, _blob(edit.after), edit.after)
    return Snapshot(snapshot.revision, files)


def _blob(text: str) -> str:
    """The id that Git gives a file of this content."""
    content = text.encode()
    return hashlib.sha1(b"blob %d\0%b" % (len(content), content), usedforsecurity=False).hexdigest()


def _key(one: Complaint) -> tuple[str, str, str, str, str]:
    """What makes two complaints the same one, though lines have moved."""
    return one.file, one.field, _MOVING.sub("#", one.problem), one.found, one.service


def _in_order(complaints: Sequence[Complaint]) -> list[Complaint]:
    return sorted(complaints, key=lambda one: (one.file, one.line, one.column))


def _nothing(_: str) -> Iterator[tuple[Revision, File]]:
    return iter(())
