"""What came of a change, read again: nothing but what was meant may be different."""

from __future__ import annotations

import json
from collections.abc import Sequence

from reconciler.desired.edit.place import Place
from reconciler.desired.names import name_of
from reconciler.desired.nodes import Plain
from reconciler.desired.yaml import read_documents
from reconciler.errors import Complaint, InputError

_BY_HAND = "change the file by hand"


def first_right(place: Place, texts: Sequence[str], wanted: dict[str, Plain] | None) -> str:
    """The first of the new texts that is right: all other documents say what they said, and this one what is wanted.

    `wanted` is None where it is to be gone. Raises InputError when none is right; a file that would be too large, or
    asks for too much, is told in the words of who reads it.
    """
    expected = [_meaning(one.content, one.complaints) for one in place.reading.documents]
    number = place.number
    expected[number : number + 1] = [] if wanted is None else [_meaning(wanted, ())]
    for text in texts:
        reading = read_documents(place.path, text)
        if _is_excess(reading.complaints):
            raise InputError(reading.complaints)
        if not reading.unreadable and [_meaning(one.content, one.complaints) for one in reading.documents] == expected:
            return text
    raise refusal(place, place.document.node.start_mark.index, "something else would be read differently")


def check_new(path: str, text: str, wanted: dict[str, Plain]) -> None:
    """Raise InputError unless a new file says what is wanted, and nothing else."""
    reading = read_documents(path, text)
    found = [_meaning(one.content, one.complaints) for one in reading.documents]
    if found != [_meaning(wanted, ())]:
        other = Complaint(path, 0, 0, "", "cannot be written: it would be read differently", fix=_BY_HAND)
        raise InputError(reading.complaints or [other])


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
