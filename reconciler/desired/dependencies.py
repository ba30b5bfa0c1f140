"""What `dependsOn` can get wrong: names that nobody has, and services that wait for each other."""

from __future__ import annotations

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
    for name in sorted(waits.keys() & places.keys()):
        file, line = places[name]
        for other in waits[name]:
            if other not in known:
                fix = did_you_mean(other, known - {name})
                yield Complaint(file, line, 1, _FIELD, "unknown service", f"`{other}`", fix=fix, service=name)
        circle = _circle(name, waits)
        if circle:
            words = " waits for ".join(f"`{one}`" for one in circle)
            yield Complaint(file, line, 1, _FIELD, f"none of them can start: {words}", service=name)


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
