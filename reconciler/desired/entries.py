"""One file to its services: each either ready to run or with everything that is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.desired.check import check
from reconciler.desired.finding import Finding
from reconciler.desired.names import guess_names, name_of
from reconciler.desired.recipes import Catalogue
from reconciler.desired.resolve import resolve
from reconciler.desired.without import without
from reconciler.desired.yaml import Document, read_documents
from reconciler.errors import Complaint
from reconciler.models.revision import File, Revision
from reconciler.models.service import Service
from reconciler.models.wanted import ResolvedService
from reconciler.settings import Settings

_MISPLACED = Finding(("kind",), "a recipe among the services", fix="move the file to `recipes/<category>/<name>.yaml`")


@dataclass(frozen=True, slots=True)
class Entry:
    """One document. `name` is "" where it cannot be read; `service` is None when there are complaints."""

    name: str
    file: str
    line: int
    service: ResolvedService | None = None
    complaints: tuple[Complaint, ...] = ()

    @property
    def place(self) -> str:
        """Where the document begins, as file:line."""
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class FileReading:
    """One version of a file. `broken`: why it could not be read at all; `guesses` are then what look like names."""

    entries: tuple[Entry, ...] = ()
    broken: tuple[Complaint, ...] = ()
    guesses: frozenset[str] = frozenset()

    @property
    def names(self) -> frozenset[str]:
        """The names that can be read."""
        return frozenset(entry.name for entry in self.entries if entry.name)

    @property
    def sure(self) -> bool:
        """Whether it is known which services the file is about."""
        return not self.broken and all(entry.name for entry in self.entries)

    @property
    def complaints(self) -> tuple[Complaint, ...]:
        """Everything that is wrong."""
        if not self.broken and not any(entry.complaints for entry in self.entries):
            return ()  # most files are good, and a revision has thousands
        return (*self.broken, *(one for entry in self.entries for one in entry.complaints))


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads files by the recipes and settings in force."""

    catalogue: Catalogue
    settings: Settings

    def read(self, file: File, revision: Revision) -> FileReading:
        """One version of a file, as it is in `revision`."""
        if file.text is None:
            return FileReading(broken=(Complaint(file.path, 0, 0, "", file.refused or "could not be read"),))
        reading = read_documents(file.path, file.text)
        if reading.unreadable:
            return FileReading(broken=reading.complaints, guesses=frozenset(guess_names(file.text)))
        return FileReading(tuple(self._entry(document, revision) for document in reading.documents))

    def _entry(self, document: Document, revision: Revision) -> Entry:
        name, line = name_of(document.content), document.node.start_mark.line + 1
        if document.complaints:
            return Entry(name, document.file, line, None, document.complaints)
        if document.content.get("kind") == "Recipe":
            return Entry(name, document.file, line, None, (document.complain(_MISPLACED),))
        checked, findings = check(Service, document.content)
        resolved = None
        if checked is not None:
            resolved, findings = resolve(checked, self.catalogue, self.settings, revision, document.file)
        else:
            findings = (*findings, *self._further(document, findings, revision))
        complaints = tuple(document.complain(finding, name) for finding in findings)
        return Entry(name, document.file, line, resolved, complaints)

    def _further(self, document: Document, findings: tuple[Finding, ...], revision: Revision) -> list[Finding]:
        """What else is wrong: found by leaving out what is known to be wrong, so that all errors are said at once."""
        wrong = [finding.path for finding in findings]
        rest, _ = check(Service, without(document.content, wrong))
        if rest is None:
            return []
        _, further = resolve(rest, self.catalogue, self.settings, revision, document.file)
        return [one for one in further if not any(one.path[: len(path)] == path for path in wrong)]
