"""YAML text to documents that know where in the file everything stands. Never raises for what is in the text.

YAML 1.2 by ruamel.yaml's C parser (its loader used as it is: `YAML.load` makes a new class for every text): `yes` and
`on` are text, and so are dates. Tags, merge keys, duplicate keys, recursion and numbers that JSON does not know are
refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ruamel.yaml.cyaml import CSafeLoader
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import Event
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from reconciler.desired.finding import Finding, Path, field_name
from reconciler.desired.limits import ExcessError, check_events
from reconciler.desired.nodes import Plain, plain
from reconciler.errors import Complaint

#: Characters of a file; a source refuses larger ones before.
MAX_SIZE = 2**20


@dataclass(frozen=True, slots=True)
class Document:
    """One mapping of a file. `complaints` are about its YAML; when there are any, `content` is not to be trusted."""

    file: str
    content: dict[str, Plain]
    node: Node = field(repr=False)
    complaints: tuple[Complaint, ...] = ()

    def complain(self, finding: Finding, service: str = "") -> Complaint:
        """The finding with the line and column of its place, or of the nearest place above it that is there."""
        return _complaint(self.file, self.node, finding, service)


@dataclass(frozen=True, slots=True)
class Reading:
    """What came of a file. `unreadable`: its YAML is broken, so that nobody can say what was to be in it."""

    documents: tuple[Document, ...] = ()
    complaints: tuple[Complaint, ...] = ()

    @property
    def unreadable(self) -> bool:
        """Whether the file as a whole could not be read."""
        return bool(self.complaints)


def read_documents(file: str, text: str) -> Reading:
    """All documents of a file; empty ones are skipped. Every error is a complaint, none is raised."""
    if len(text) > MAX_SIZE:
        return Reading(complaints=(Complaint(file, 0, 0, "", f"larger than {MAX_SIZE:,} characters"),))
    try:
        check_events(_events(text))
        documents = tuple(_document(file, node) for node in _nodes(text))
    except ExcessError as error:
        return Reading(complaints=(Complaint(file, error.line, error.column, "", f"asks for too much: {error}"),))
    except YAMLError as error:
        return Reading(complaints=(_broken(file, error),))
    except UnicodeEncodeError:
        return Reading(complaints=(Complaint(file, 0, 0, "", "not text: it has characters that UTF-8 does not know"),))
    return Reading(documents=tuple(one for one in documents if one is not None))


def _events(text: str) -> Iterator[Event]:
    loader = CSafeLoader(text)
    while loader.check_event():
        yield loader.get_event()


def _nodes(text: str) -> Iterator[Node]:
    loader = CSafeLoader(text)
    while loader.check_node():
        yield loader.get_node()


def _document(file: str, node: Node) -> Document | None:
    if node.tag == "tag:yaml.org,2002:null":
        return None
    findings: list[Finding] = []
    content = plain(node, (), findings)
    if not isinstance(content, dict):
        findings = findings or [Finding((), "the document is not a mapping", expected="`apiVersion:`, `kind:`, …")]
        content = {}
    return Document(file, content, node, tuple(_complaint(file, node, one, "") for one in findings))


def _complaint(file: str, node: Node, finding: Finding, service: str) -> Complaint:
    mark = _place(node, finding.path).start_mark
    return Complaint(
        file=file,
        line=mark.line + 1,
        column=mark.column + 1,
        field=field_name(finding.path),
        problem=finding.problem,
        found=finding.found,
        expected=finding.expected,
        fix=finding.fix,
        service=service,
    )


def _place(node: Node, path: Path) -> Node:
    """The key that the path ends at (the item, in a list), or the nearest thing above it."""
    place = node
    for part in path:
        match node:
            case MappingNode():
                pairs = [(key, value) for key, value in node.value if key.value == part]
                if not pairs:
                    return place
                place, node = pairs[-1]
            case SequenceNode() if isinstance(part, int) and part < len(node.value):
                place = node = node.value[part]
            case _:
                return place
    return place


def _broken(file: str, error: YAMLError) -> Complaint:
    if not isinstance(error, MarkedYAMLError) or error.problem_mark is None:
        return Complaint(file, 0, 0, "", f"no valid YAML: {str(error).splitlines()[0][:200]}")
    mark = error.problem_mark
    words = " ".join(part for part in (error.context, error.problem) if part)
    return Complaint(file, mark.line + 1, mark.column + 1, "", f"no valid YAML: {words[:200]}")
