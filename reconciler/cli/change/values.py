"""Values that are typed on the command line, and a service in a file."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import typer

from reconciler.errors import Complaint, InputError, SettingsError

_TOP = frozenset(("apiVersion", "kind", "metadata", "spec"))


@dataclass(frozen=True, slots=True)
class Draft:
    """What a file says of a service: all of its document, or the part below `spec:` only."""

    name: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    spec: Mapping[str, Any] = field(default_factory=dict)


def spec_of(texts: Sequence[str], spec: Mapping[str, Any]) -> dict[str, Any]:
    """`spec` with what `--set` says: `model=x` is a parameter of the recipe, `slurm.time=4h` a place in `spec:`.

    So is `spec.image=x`, for a place that has no dot. Raises BadParameter.
    """
    whole = dict(spec)
    for text in texts:
        name, equal, value = text.partition("=")
        parts = name.split(".") if "." in name else ["config", name]
        if not equal or not all(parts):
            raise typer.BadParameter(f"`{text}` is no NAME=VALUE", param_hint="--set")
        _put(whole, parts[1:] if parts[0] == "spec" else parts, _value(text, value))
    return whole


def labels_of(texts: Sequence[str]) -> dict[str, str]:
    """What `--label` says. Raises BadParameter."""
    pairs = [text.partition("=") for text in texts]
    for text, (key, equal, _) in zip(texts, pairs, strict=True):
        if not key or not equal:
            raise typer.BadParameter(f"`{text}` is no KEY=VALUE", param_hint="--label")
    return {key: value for key, _, value in pairs}


def read_draft(path: Path) -> Draft:
    """The service in a file; `-` is the standard input. Raises SettingsError, or InputError with all that is wrong."""
    from reconciler.desired.yaml import read_documents

    reading = read_documents(str(path), _text(path))
    complaints = [*reading.complaints, *(one for document in reading.documents for one in document.complaints)]
    if not complaints and len(reading.documents) != 1:
        problem = f"has {len(reading.documents)} documents"
        complaints = [Complaint(str(path), 0, 0, "", problem, expected="one service, or the `spec:` of one")]
    if complaints:
        raise InputError(complaints)
    return _draft(str(path), reading.documents[0].content)


def _text(path: Path) -> str:
    try:
        return sys.stdin.read() if str(path) == "-" else path.read_text("utf-8")
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: cannot be read: it is not UTF-8") from error


def _draft(file: str, content: Mapping[str, Any]) -> Draft:
    if not _TOP & content.keys():
        return Draft(spec=content)
    metadata, spec = content.get("metadata", {}), content.get("spec", {})
    parts = metadata if isinstance(metadata, dict) else {}
    wrong = [(key, "unknown key") for key in content.keys() - _TOP]
    wrong += [("kind", "is another kind than Service")] if content.get("kind", "Service") != "Service" else []
    wrong += [(name, "is no mapping") for name, one in (("metadata", metadata), ("spec", spec)) if not _is_mapping(one)]
    wrong += [(f"metadata.{key}", "unknown key") for key in parts.keys() - {"name", "labels"}]
    wrong += [] if _is_mapping(parts.get("labels", {})) else [("metadata.labels", "is no mapping")]
    if wrong:
        raise InputError([Complaint(file, 0, 0, place, problem) for place, problem in wrong])
    return Draft(parts.get("name"), parts.get("labels", {}), spec)


def _is_mapping(value: object) -> bool:
    return isinstance(value, dict)


def _put(whole: dict[str, Any], parts: Sequence[str], value: Any) -> None:
    *above, last = parts
    place = whole
    for part in above:
        inner = place.get(part)
        if inner is not None and not isinstance(inner, dict):
            raise typer.BadParameter(f"{'.'.join(parts)}: {part} is no mapping", param_hint="--set")
        place[part] = dict(inner or {})
        place = place[part]
    place[last] = value


def _value(whole: str, text: str) -> Any:
    """A value as it would be in a file: `4` is a number, `[a, b]` a list, `"4"` text. Nothing is empty text."""
    from ruamel.yaml.cyaml import CSafeLoader
    from ruamel.yaml.error import YAMLError

    from reconciler.desired.finding import Finding
    from reconciler.desired.nodes import plain

    findings: list[Finding] = []
    try:
        node = CSafeLoader(text).get_single_node()
    except YAMLError as error:
        raise typer.BadParameter(f"`{whole}`: no valid YAML; put the value in quotes", param_hint="--set") from error
    found = plain(node, (), findings) if node is not None else ""
    if findings:
        raise typer.BadParameter(f"`{whole}`: {findings[0].problem}", param_hint="--set")
    return found
