"""A document without the places that are known to be wrong, so that what is wrong elsewhere can be found too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy

from reconciler.desired.finding import Path
from reconciler.desired.nodes import Plain


def without(content: Mapping[str, Plain], paths: Iterable[Path]) -> dict[str, Plain]:
    """A copy that lacks what is at `paths`, as far as it is there."""
    rest = deepcopy(dict(content))
    for path in sorted(paths, key=_order, reverse=True):
        place: Plain = rest
        for part in path[:-1]:
            place = _inside(place, part)
        if path and _inside(place, path[-1]) is not None:
            del place[path[-1]]  # type: ignore[arg-type,union-attr]  # _inside has found it there
    return rest


def _order(path: Path) -> list[tuple[int, str]]:
    """The last members of a list first, so that the positions of the others hold."""
    return [(part, "") if isinstance(part, int) else (0, part) for part in path]


def _inside(place: Plain, part: str | int) -> Plain:
    if isinstance(place, dict) and isinstance(part, str):
        return place.get(part)
    if isinstance(place, list) and isinstance(part, int) and part < len(place):
        return place[part]
    return None
