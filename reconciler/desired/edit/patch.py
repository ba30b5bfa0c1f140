"""JSON merge patch (RFC 7396) over plain values, and values that strangers hand in made plain."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from reconciler.desired.edit.scalars import scalar
from reconciler.desired.finding import Finding, Path
from reconciler.desired.limits import MAX_DEPTH
from reconciler.desired.nodes import Plain
from reconciler.desired.words import describe

#: Lists and mappings inside each other; two more are around them in a document.
_DEPTH = MAX_DEPTH - 2
_LARGEST = 10**40
#: Characters of a key as it is written; YAML allows 1024.
_LONGEST = 1_000


def merge(content: Mapping[str, Plain], patch: Mapping[str, Plain]) -> dict[str, Plain]:
    """What `patch` makes of `content`: null takes a key away, mappings are merged, anything else is put in its place.

    A mapping of which nothing is left is taken away with its key.
    """
    result = dict(content)
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict) and value:
            below = result.get(key)
            merged = merge(below if isinstance(below, dict) else {}, value)
            if merged:
                result[key] = merged
            else:
                result.pop(key, None)
        elif not (isinstance(value, dict) and isinstance(result.get(key), dict)):
            result[key] = value
    return result


def as_plain(value: Any, path: Path, findings: list[Finding]) -> Plain:
    """A value of a request as YAML has them; what it cannot have is added to `findings`."""
    if len(path) > _DEPTH:
        findings.append(Finding(path[:3], f"more than {_DEPTH} lists and mappings inside each other"))
        return None
    match value:
        case None | bool():
            return value
        case str():
            return _text(value, path, findings)
        case int() if abs(value) < _LARGEST:
            return value
        case float() if math.isfinite(value):
            return value
        case Mapping():
            return {_key(key, path, findings): as_plain(one, (*path, str(key)), findings) for key, one in value.items()}
        case list() | tuple():
            return [as_plain(one, (*path, number), findings) for number, one in enumerate(value)]
        case int() | float():
            expected = "a finite number of at most 40 digits"
            findings.append(Finding(path, "is not allowed", found="a number that is none of these", expected=expected))
        case _:
            found = type(value).__name__
            findings.append(Finding(path, "is not allowed", found=found, expected="what JSON knows"))
    return None


def _key(key: Any, path: Path, findings: list[Finding]) -> str:
    if not isinstance(key, str):
        findings.append(Finding(path, "a key is not text", found=describe(key), expected="text keys"))
        return ""
    if len(key) > _LONGEST or len(scalar(key, flow=True)) > _LONGEST:
        findings.append(Finding(path, f"a key is longer than {_LONGEST:,} characters"))
        return ""
    return _text(key, path, findings)


def _text(value: str, path: Path, findings: list[Finding]) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        findings.append(Finding(path, "not text: it has characters that UTF-8 does not know"))
        return ""
    return value
