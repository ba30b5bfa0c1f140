"""What would be there after a change, checked as `validate` checks it, and by the operator's limits."""

from __future__ import annotations

import re
from collections.abc import Sequence

from reconciler.desired.load import Desired, Loader
from reconciler.errors import Complaint, InputError
from reconciler.models.proposal import Edit
from reconciler.proposals.base import Base, edited, nothing_earlier

#: Numbers in words that move with every change elsewhere: lines of files, and how many services go to a target.
_MOVING = re.compile(r"(?<=:)\d+\b|\b\d+(?= go to it)")


def check(loader: Loader, base: Base, edit: Edit, service: str) -> Desired:
    """What would be wanted with the edit made on `base`.

    Raises InputError with what would be wrong because of it: with the service itself, and anything new elsewhere (a
    limit, a name that is taken, others that depend on it). What was wrong elsewhere before stands in nobody's way.
    Without history: what is frozen counts as held here, so nothing of the result is to be acted on.
    """
    after = loader.load(edited(base.snapshot, edit), nothing_earlier)
    wrong = [one for one in after.complaints if one.service == service]
    others = [one for one in after.complaints if one.service != service]
    if others:
        before = {_key(one) for one in base.desired.complaints}
        wrong += [one for one in others if _key(one) not in before]
    if wrong:
        raise InputError(_in_order(wrong))
    return after


def _key(one: Complaint) -> tuple[str, str, str, str, str]:
    """What makes two complaints the same one, though lines have moved."""
    return one.file, one.field, _MOVING.sub("#", one.problem), one.found, one.service


def _in_order(complaints: Sequence[Complaint]) -> list[Complaint]:
    return sorted(complaints, key=lambda one: (one.file, one.line, one.column))
