"""PURE. A request to the new text of the one file that it changes: comments, order, other documents stay.

The text itself is changed, in the smallest stretches that do it, so that nothing else can look different afterwards;
then it is read again and compared. A round trip through a YAML library keeps comments, but not always what people
write around them: quotes, widths, blank lines, the spelling of numbers.
"""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.desired.edit.place import find
from reconciler.desired.edit.start import start
from reconciler.desired.edit.stop import stop
from reconciler.desired.edit.update import update
from reconciler.models.proposal import Edit, Request, Restart, Resume, Start, Stop, Suspend, Update
from reconciler.models.revision import File

__all__ = ["edit"]


def edit(files: Mapping[str, File], places: Mapping[str, tuple[str, ...]], request: Request, folder: str) -> Edit:
    """The new text of the one file that a request changes.

    `files` are those of the revision by path, `places` the files that have a document of each name, `folder` is where
    a new service's file goes. Raises MissingError for a service that nobody declares, TakenError for a new one whose
    name or file is there already, InputError where the file cannot be changed (broken, two documents of that name).
    """
    match request:
        case Start():
            return start(files, places, request, folder)
        case Update(name, spec, labels):
            return update(find(files, places, name), spec, labels)
        case Restart(name, value):
            return update(find(files, places, name), {"restart": value}, {})
        case Suspend(name):
            return update(find(files, places, name), {"suspend": True}, {})
        case Resume(name):
            return _resume(files, places, name)
        case Stop(name):
            return stop(find(files, places, name))


def _resume(files: Mapping[str, File], places: Mapping[str, tuple[str, ...]], name: str) -> Edit:
    """The key goes; where it says `false`, the service runs already."""
    place = find(files, places, name)
    spec = place.document.content.get("spec")
    suspended = isinstance(spec, dict) and spec.get("suspend") is not False
    return update(place, {"suspend": None} if suspended else {}, {})
