"""A service that is wanted no more: its document goes, and its file with the last document."""

from __future__ import annotations

from reconciler.desired.edit.documents import without_document
from reconciler.desired.edit.outcome import first_right, refusal
from reconciler.desired.edit.place import Place
from reconciler.desired.edit.text import LayoutError, Text
from reconciler.desired.edit.tree import sections
from reconciler.models.proposal import Edit


def stop(place: Place) -> Edit:
    """The file without the document. Raises InputError where that would change another one."""
    before = place.mark + place.text
    if len(place.reading.documents) == 1:
        return Edit(place.path, before, None)
    try:
        all_ = sections(place.text)
        start = place.document.node.start_mark.index
        number = next(number for number, one in enumerate(all_) if one.root.start == start)
        text = Text(place.text)
        endings = text.endings(without_document(text, all_, number))
    except LayoutError as error:
        raise refusal(place, error.index, error.problem) from error
    return Edit(place.path, before, place.mark + first_right(place, endings, None))
