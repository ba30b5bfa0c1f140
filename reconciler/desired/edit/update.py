"""A service whose document gets other values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.desired.edit.changes import Changes, same
from reconciler.desired.edit.outcome import first_right, refusal
from reconciler.desired.edit.patch import as_plain, merge
from reconciler.desired.edit.place import Place
from reconciler.desired.edit.text import LayoutError, Text
from reconciler.desired.edit.tree import sections
from reconciler.desired.finding import Finding
from reconciler.desired.names import name_of
from reconciler.desired.nodes import Plain
from reconciler.errors import InputError
from reconciler.models.proposal import Edit


def update(place: Place, spec: Mapping[str, Any], labels: Mapping[str, Any]) -> Edit:
    """The file with a merge patch put on the document's `spec` and on its labels.

    Raises InputError for values that YAML does not have, and where the document cannot be changed by itself.
    """
    before = place.mark + place.text
    new = _merged(place, spec, labels)
    if same(place.document.content, new):
        return Edit(place.path, before, before)
    try:
        text = Text(place.text)
        start = place.document.node.start_mark.index
        root = next(one.root for one in sections(place.text) if one.root.start == start)
        changes = Changes(text, root)
        changes.mapping(root, place.document.content, new)
        endings = text.endings(text.splice(changes.splices))
    except LayoutError as error:
        raise refusal(place, error.index, error.problem) from error
    return Edit(place.path, before, place.mark + first_right(place, endings, new))


def _merged(place: Place, spec: Mapping[str, Any], labels: Mapping[str, Any]) -> dict[str, Plain]:
    """What the document is to say."""
    document = place.document
    if document.complaints:
        raise InputError(document.complaints)
    findings: list[Finding] = []
    patch = _patch(spec, labels, findings)
    findings += [
        Finding((key,), "is not a mapping", fix="change the file by hand")
        for key in ("spec", "metadata")
        if not isinstance(document.content.get(key, {}), dict)
    ]
    if findings:
        name = name_of(document.content)
        raise InputError([document.complain(finding, name) for finding in findings])
    merged = merge(document.content, patch)
    return merged if "spec" in merged or "spec" not in document.content else {**merged, "spec": {}}


def _patch(spec: Mapping[str, Any], labels: Mapping[str, Any], findings: list[Finding]) -> dict[str, Plain]:
    """Both patches as one of the whole document; what says nothing is left out."""
    patch: dict[str, Plain] = {}
    if spec:
        patch["spec"] = as_plain(spec, ("spec",), findings)
    if labels:
        patch["metadata"] = {"labels": as_plain(labels, ("metadata", "labels"), findings)}
    return patch
