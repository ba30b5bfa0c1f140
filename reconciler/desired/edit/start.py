"""A new service's file, as a person would write it."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.desired.edit.outcome import check_new
from reconciler.desired.edit.patch import as_plain, merge
from reconciler.desired.edit.place import declared_in_broken
from reconciler.desired.edit.writing import Block
from reconciler.desired.finding import Finding, field_name
from reconciler.desired.names import is_name
from reconciler.desired.nodes import Plain
from reconciler.desired.shelf import FOLDER
from reconciler.desired.words import describe
from reconciler.errors import Complaint, InputError, TakenError
from reconciler.models.proposal import Edit, Start
from reconciler.models.revision import File
from reconciler.models.units import SERVICE_NAME_WORDS

#: Keys that come first, in this order; the others follow as they were given.
_ORDER = ("recipe", "target", "replicas", "nodes", "config")
#: What is not written, as it means the same.
_DEFAULTS: Mapping[str, Plain] = {"replicas": 1, "nodes": 1, "suspend": False}
#: In the place of a file's path where there is none yet.
_NEW = "the new file"


def start(files: Mapping[str, File], places: Mapping[str, tuple[str, ...]], request: Start, folder: str) -> Edit:
    """The file of a new service. Raises InputError for a name or folder that is none, TakenError where it is there."""
    _check(request.name, folder)
    path = f"{folder}/{request.name}.yaml" if folder else f"{request.name}.yaml"
    _check_free(files, places, request.name, path)
    findings: list[Finding] = []
    spec = as_plain(request.spec, ("spec",), findings)
    labels = as_plain(request.labels, ("metadata", "labels"), findings)
    if findings:
        raise InputError([_complaint(path, one, request.name) for one in findings])
    content = _document(request.name, spec, labels)
    text = "".join(f"{line}\n" for line in Block().entries(content, 0))
    check_new(path, text, content)
    return Edit(path, None, text)


def _document(name: str, spec: Plain, labels: Plain) -> dict[str, Plain]:
    given = merge({}, spec) if isinstance(spec, dict) else {}
    ordered = {key: given[key] for key in (*_ORDER, *given) if key in given}
    metadata: dict[str, Plain] = {"name": name}
    return {
        "apiVersion": "reconciler/v1",
        "kind": "Service",
        "metadata": metadata | ({"labels": labels} if labels else {}),
        "spec": {key: value for key, value in ordered.items() if not _is_default(key, value)},
    }


def _is_default(key: str, value: Plain) -> bool:
    """Whether a value says nothing: an empty mapping or list, or the default itself (1 is not true)."""
    return value in ({}, []) or (key in _DEFAULTS and value == _DEFAULTS[key] and type(value) is type(_DEFAULTS[key]))


def _check(name: str, folder: str) -> None:
    complaints = []
    if not is_name(name):
        found = describe(name)
        complaints.append(Complaint(_NEW, 0, 0, "metadata.name", "is not allowed", found, SERVICE_NAME_WORDS))
    parts = folder.split("/")
    if folder and (any(not part or part.startswith((".", "-")) for part in parts) or not _is_printable(folder)):
        expected = "a folder inside the repository, such as desired/bench"
        complaints.append(Complaint(_NEW, 0, 0, "folder", "is not allowed", describe(folder), expected))
    if f"{folder}/".startswith(FOLDER):
        complaints.append(Complaint(_NEW, 0, 0, "folder", "is where recipes are", describe(folder)))
    if complaints:
        raise InputError(complaints)


def _is_printable(folder: str) -> bool:
    return folder.isprintable() and "\\" not in folder and len(folder) <= 200


def _check_free(files: Mapping[str, File], places: Mapping[str, tuple[str, ...]], name: str, path: str) -> None:
    if places.get(name):
        raise TakenError(f"the name `{name}` is taken: it is that of a service in {' and '.join(places[name])}")
    if path in files:
        raise TakenError(f"the file {path} is there already, and does not declare `{name}`")
    below = next((one for one in files if one.startswith(f"{path}/") or path.startswith(f"{one}/")), None)
    if below is not None:
        raise TakenError(f"{path} cannot be a file: {below} is there")
    broken = declared_in_broken(files, name)
    if broken:
        raise TakenError(f"the name `{name}` seems to be taken by a file that cannot be read: {broken[0]}")


def _complaint(path: str, finding: Finding, name: str) -> Complaint:
    field = field_name(finding.path)
    return Complaint(path, 0, 0, field, finding.problem, finding.found, finding.expected, finding.fix, name)
