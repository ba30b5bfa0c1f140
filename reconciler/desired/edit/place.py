"""The one document that declares a service, or in words why there is not exactly one that can be changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.desired.finding import near
from reconciler.desired.names import guess_names, name_of
from reconciler.desired.shelf import FOLDER
from reconciler.desired.yaml import Document, Reading, read_documents
from reconciler.errors import Complaint, InputError, MissingError
from reconciler.models.revision import File

_BOM = "\ufeff"


@dataclass(frozen=True, slots=True)
class Place:
    """A service's document, the one of `number` of those that `reading` has.

    `text` is the file's, without the `mark` of byte order that it may begin with.
    """

    path: str
    text: str
    mark: str
    reading: Reading
    number: int

    @property
    def document(self) -> Document:
        """The document itself."""
        return self.reading.documents[self.number]


def find(files: Mapping[str, File], places: Mapping[str, tuple[str, ...]], name: str) -> Place:
    """Where a service is declared. Raises MissingError, or InputError where it cannot be changed."""
    paths = [path for path in places.get(name, ()) if path in files]
    found = [place for path in paths for place in _places(files[path], name)]
    if len(found) > 1:
        raise InputError([_shared(place, name) for place in found])
    if not found:
        _check_broken(files, name)
        raise MissingError(f"no service is called `{name}`{near(name, places)}")
    return found[0]


def declared_in_broken(files: Mapping[str, File], name: str) -> list[Complaint]:
    """What is wrong with files that cannot be read and look as if they declared a service of this name."""
    complaints: list[Complaint] = []
    for path, file in files.items():
        if path.startswith(FOLDER) or file.text is None or name not in file.text or name not in guess_names(file.text):
            continue
        reading = read_documents(path, file.text)
        complaints += reading.complaints
    return complaints


def _places(file: File, name: str) -> list[Place]:
    if file.text is None:
        problem = file.refused or "could not be read"
        raise InputError([Complaint(file.path, 0, 0, "", problem, fix="change the file by hand", service=name)])
    text = file.text.removeprefix(_BOM)
    reading = read_documents(file.path, text)
    if reading.unreadable:
        raise InputError(reading.complaints)
    mark = _BOM if file.text.startswith(_BOM) else ""
    return [
        Place(file.path, text, mark, reading, number)
        for number, document in enumerate(reading.documents)
        if name_of(document.content) == name
    ]


def _check_broken(files: Mapping[str, File], name: str) -> None:
    complaints = declared_in_broken(files, name)
    if complaints:
        raise InputError(complaints)


def _shared(place: Place, name: str) -> Complaint:
    line = place.document.node.start_mark.line + 1
    problem = f"the name `{name}` is that of several documents, so that nobody can say which is meant"
    fix = "names are unique in the repository"
    return Complaint(place.path, line, 1, "metadata.name", problem, fix=fix, service=name)
