"""What `dependsOn` can get wrong: names that nobody has, and services that wait for each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from reconciler.desired.finding import did_you_mean
from reconciler.errors import Complaint

_FIELD = "spec.dependsOn"


def check_dependencies(
    waits: Mapping[str, tuple[str, ...]], places: Mapping[str, tuple[str, int]], known: frozenset[str]
) -> Iterator[Complaint]:
    """Complaints about what services wait for (name to names), at the places (file, line) of those that are given.

    They refuse nothing: what runs goes on, and what waits says for what.
    """
    tangled = _tangled(waits)
    for name in sorted(waits.keys() & places.keys()):
        file, line = places[name]
        for other in waits[name]:
            if other not in known:
                fix = did_you_mean(other, known - {name})
                yield Complaint(file, line, 1, _FIELD, "unknown service", f"`{other}`", fix=fix, service=name)
        circle = _circle(name, waits) if name in tangled else []
        if circle:
            words = " waits for ".join(f"`{one}`" for one in circle)
            yield Complaint(file, line, 1, _FIELD, f"none of them can start: {words}", service=name)


def _tangled(waits: Mapping[str, tuple[str, ...]]) -> set[str]:
    """The names that may wait for themselves; a long chain would otherwise be walked once for each of its names.

    What waits for nothing is taken away, and again what waits for nothing then; and the same from the other end.
    """
    left = _peel(waits)
    return _peel(_turned({name: tuple(one for one in waits[name] if one in left) for name in left}))


def _peel(waits: Mapping[str, tuple[str, ...]]) -> set[str]:
    count = {name: len(others) for name, others in waits.items()}
    waiting = _turned(waits)
    free = [name for name in waiting if not count.get(name)]
    while free:
        for name in waiting.get(free.pop(), ()):
            count[name] -= 1
            if not count[name]:
                free.append(name)
    return {name for name, number in count.items() if number}


def _turned(waits: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Who waits for each name."""
    turned: defaultdict[str, list[str]] = defaultdict(list)
    for name, others in waits.items():
        for other in others:
            turned[other].append(name)
    return {name: tuple(found) for name, found in turned.items()}


def _circle(name: str, waits: Mapping[str, tuple[str, ...]]) -> list[str]:
    """The way from `name` back to itself, both ends included; empty when there is none."""
    ways = [[name]]
    seen: set[str] = set()
    while ways:
        way = ways.pop()
        for other in waits.get(way[-1], ()):
            if other == name:
                return [*way, name]
            if other not in seen:
                seen.add(other)
                ways.append([*way, other])
    return []
