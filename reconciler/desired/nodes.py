"""From YAML nodes to plain values. Only what JSON knows: text, numbers, true, false, null, lists, mappings."""

from __future__ import annotations

import math
from collections.abc import Callable

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from reconciler.desired.finding import Finding, Path

Plain = None | bool | int | float | str | list["Plain"] | dict[str, "Plain"]

_TAG = "tag:yaml.org,2002:"
_MAX_DIGITS = 40


def plain(node: Node, path: Path, findings: list[Finding]) -> Plain:
    """The value of a node; what is wrong below it is added to `findings`, and null put in its place."""
    tag = str(node.tag)  # ruamel puts it together anew each time
    match node:
        case MappingNode() if tag == _TAG + "map":
            return _mapping(node, path, findings)
        case SequenceNode() if tag == _TAG + "seq":
            return [plain(item, (*path, index), findings) for index, item in enumerate(node.value)]
        case ScalarNode() if tag in _SCALARS:
            return _scalar(node.value, _SCALARS[tag], path, findings)
        case _:
            findings.append(Finding(path, "a tag is not allowed", found=tag[:80], fix="remove the tag"))
            return None


def _mapping(node: MappingNode, path: Path, findings: list[Finding]) -> dict[str, Plain]:
    result: dict[str, Plain] = {}
    for key_node, value_node in node.value:
        if key_node.tag != _TAG + "str":
            findings.append(Finding(path, "a key is not text", expected="text keys", fix=_key_fix(key_node)))
            continue
        key = key_node.value
        if key in result:
            findings.append(Finding((*path, key), "the key is there twice", fix="keep one of them"))
        result[key] = plain(value_node, (*path, key), findings)
    return result


def _key_fix(node: Node) -> str:
    if node.tag == _TAG + "merge":
        return "write the keys out: << is not part of YAML 1.2"
    return "put the key in quotes"


def _scalar(text: str, read: Callable[[str], Plain], path: Path, findings: list[Finding]) -> Plain:
    try:
        return read(text)
    except ValueError:
        expected = "a finite number of at most 40 digits" if read in (_integer, _number) else "what its tag says"
        findings.append(Finding(path, "cannot be read", found=f"`{text[:40]}`", expected=expected))
        return None


def _integer(text: str) -> int:
    digits = text.replace("_", "").lower()
    if len(digits) > _MAX_DIGITS:
        raise ValueError("too long")
    return int(digits, 0 if digits.lstrip("+-")[:2] in ("0x", "0o", "0b") else 10)


def _number(text: str) -> float:
    number = float(text.replace("_", "").replace(".inf", "inf").replace(".nan", "nan"))
    if not math.isfinite(number):
        raise ValueError("not finite")
    return number


def _boolean(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError("neither true nor false")
    return text.lower() == "true"


#: YAML 1.2 has no dates: what looks like one is text.
_SCALARS: dict[str, Callable[[str], Plain]] = {
    _TAG + "str": str,
    _TAG + "timestamp": str,
    _TAG + "int": _integer,
    _TAG + "float": _number,
    _TAG + "bool": _boolean,
    _TAG + "null": lambda _: None,
}
