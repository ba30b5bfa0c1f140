"""What came of a change, read again: nothing but what was meant may be different."""

from __future__ import annotations

import json

from reconciler.desired.edit.finding import Place
from reconciler.desired.names import name_of
from reconciler.desired.nodes import Plain
from reconciler.desired.yaml import read_documents
from reconciler.errors import Complaint, InputError

_BY_HAND = "change the file by hand"


def check_others(place: Place, after: str, wanted: dict[str, Plain] | None) -> None:
    """Raise InputError unless all other documents say what they said, and this one what is wanted (None: it is gone).

    A file that would be too large, or asks for too much, is told in the words of who reads it.
    """
    reading = read_documents(place.path, after)
    if reading.unreadable and wanted is not None and _is_excess(reading.complaints):
        raise InputError(reading.complaints)
    number = place.number
    expected = [_meaning(one.content, one.complaints) for one in place.reading.documents]
    expected[number : number + 1] = [] if wanted is None else [_meaning(wanted, ())]
    if reading.unreadable or [_meaning(one.content, one.complaints) for one in reading.documents] != expected:
        raise refusal(place, place.document.node.start_mark.index, "something else would be read differently")


def refusal(place: Place, index: int, problem: str) -> InputError:
    """That a document cannot be changed without a person, and where the reason stands."""
    line = place.text.count("\n", 0, index) + 1
    column = index - place.text.rfind("\n", 0, index)
    words = f"cannot be changed by itself: {problem}"
    name = name_of(place.document.content)
    return InputError([Complaint(place.path, line, column, "", words, fix=_BY_HAND, service=name)])


def _is_excess(complaints: tuple[Complaint, ...]) -> bool:
    return any("asks for too much" in one.problem or "larger than" in one.problem for one in complaints)


def _meaning(content: dict[str, Plain], complaints: tuple[Complaint, ...]) -> tuple[str, tuple[tuple[str, str], ...]]:
    return json.dumps(content, sort_keys=True), tuple((one.field, one.problem) for one in complaints)
