"""PURE. Label and field selectors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

from reconciler.kube.kinds import Object

Labels = Mapping[str, str]


@cache
def labels(selector: str) -> Callable[[Labels], bool]:
    """Whether labels match a selector of equalities (`a=b,c!=d,e,!f`)."""
    rules = [_rule(part) for part in selector.split(",") if part]
    return lambda found: all(rule(found) for rule in rules)


def _rule(part: str) -> Callable[[Labels], bool]:
    if "!=" in part:
        key, _, value = part.partition("!=")
        return lambda found: found.get(key) != value
    if "=" in part:
        key, _, value = part.replace("==", "=").partition("=")
        return lambda found: found.get(key) == value
    if part.startswith("!"):
        return lambda found: part[1:] not in found
    return lambda found: part in found


def fields(selector: str) -> Callable[[Object], bool]:
    """Whether an object matches a field selector (`metadata.name=x,type!=y`)."""
    rules = [_field(part) for part in selector.split(",") if part]
    return lambda item: all(rule(item) for rule in rules)


def _field(part: str) -> Callable[[Object], bool]:
    equal = "!=" not in part
    path, _, value = part.partition("=" if equal else "!=")

    def matches(item: Object) -> bool:
        found: object = item
        for name in path.split("."):
            found = found.get(name, "") if isinstance(found, dict) else ""
        return (str(found) == value) is equal

    return matches
