"""The names of services in a file, also in one that is not valid."""

from __future__ import annotations

import re

from reconciler.desired.nodes import Plain
from reconciler.desired.yaml import read_documents

_SERVICE_NAME = re.compile(r"[a-z]([-a-z0-9]{0,48}[a-z0-9])?")
#: The first `name:` after each `metadata:` at the margin, within a few hundred characters.
_GUESS = re.compile(r"^metadata:.{0,400}?\bname:[ \t]*[\"']?([a-z][-a-z0-9]{0,49})(?![-\w])", re.MULTILINE | re.DOTALL)


def names_in(file: str, text: str) -> set[str]:
    """All names that can be read; where the YAML is broken, those that look like names."""
    reading = read_documents(file, text)
    if reading.unreadable:
        return guess_names(text)
    return {name for name in (name_of(document.content) for document in reading.documents) if name}


def guess_names(text: str) -> set[str]:
    """What look like names of services in a text that is no YAML."""
    return {match[1] for match in _GUESS.finditer(text)}


def is_name(name: str) -> bool:
    """Whether a service could be called so."""
    return bool(_SERVICE_NAME.fullmatch(name))


def name_of(content: dict[str, Plain]) -> str:
    """The name that a document gives its service; "" when there is none, or none that a service could have."""
    metadata = content.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    return name if isinstance(name, str) and is_name(name) else ""
