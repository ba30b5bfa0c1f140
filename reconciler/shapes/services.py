"""What is wanted and how it stands, chosen and paged: what /services and `reconciler list` show."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import translate
from operator import attrgetter
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from reconciler.models.health import Health
from reconciler.models.status import ServiceStatus, State, Status, Transition
from reconciler.models.units import LABEL, NAMES
from reconciler.shapes.status import ServiceShape

#: Most lines of one answer.
MOST = 1_000
Word = Annotated[str, StringConstraints(max_length=100)]
NamePattern = Annotated[str, StringConstraints(pattern=NAMES, max_length=63)]
LabelSelector = Annotated[str, StringConstraints(pattern=LABEL, max_length=320)]


class ServiceQuery(BaseModel):
    """Which services. A line fits where every filter fits; of one that is given several times, any (labels: all)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    recipe: list[Word] = Field(default=[], max_length=50, description="Of this recipe.", examples=[["vllm"]])
    target: list[Word] = Field(default=[], max_length=50, description="On this target.", examples=[["slurm"]])
    health: list[Health] = Field(default=[], max_length=50, description="As healthy as this.", examples=[["Degraded"]])
    state: list[State] = Field(default=[], max_length=50, description="In this state.", examples=[["Running"]])
    label: list[LabelSelector] = Field(
        default=[],
        max_length=50,
        description="With this label: `team=nlp`; `team` for any value; `team!=nlp` and `!team` for those without.",
        examples=[["team=nlp"]],
    )
    name: NamePattern = Field(default="", description="A name, or a pattern of names: `bench-*`.", examples=["bench-*"])
    limit: int = Field(default=100, ge=1, le=MOST, description="Lines in one answer.")
    after: str = Field(default="", max_length=200, description="`next` of the answer before, to go on.", examples=[""])

    def choose(self, lines: Sequence[ServiceStatus]) -> Sequence[ServiceStatus]:
        """The lines that fit, in their order."""
        for test in self._tests():
            lines = [one for one in lines if test(one)]
        return lines

    def _tests(self) -> Iterator[Callable[[ServiceStatus], object]]:
        """One for each filter."""
        if self.name:
            names = re.compile(translate(self.name)).match
            yield lambda one: names(one.service)
        for key in ("recipe", "target", "health", "state"):
            if wanted := frozenset(getattr(self, key)):
                yield _among(attrgetter(key), wanted)
        for label in self.label:
            yield _labelled(label)


class ServicePage(BaseModel):
    """Some lines of the table, by name and target. `total` counts all that fit; `next` is "" on the last page.

    `revision` is the id of the commit in force. Pages go on right behind the last line, whatever came or went since.
    """

    model_config = ConfigDict(frozen=True)

    services: list[ServiceShape]
    total: int = Field(examples=[1])
    next: str = Field(examples=[""])
    revision: str = Field(examples=["4dd4d8b5c149a8f2a5a3c0b1d7e6f9081a2b3c4d"])


def select(status: Status, changes: Mapping[tuple[str, str], Transition], query: ServiceQuery) -> ServicePage:
    """One page of what is asked for. `changes` are the last changes of the verdicts, by (service, target)."""
    found = query.choose(status.services)
    first = bisect_right(found, _read(query.after), key=_place) if query.after else 0
    page = found[first : first + query.limit]
    more = first + query.limit < len(found)
    return ServicePage(
        services=[ServiceShape.of(one, changes.get((one.service, one.target))) for one in page],
        total=len(found),
        next="/".join(_place(page[-1])) if more else "",
        revision=status.source.revision.sha if status.source.revision else "",
    )


def _place(one: ServiceStatus) -> tuple[str, str]:
    return one.service, one.target


def _read(after: str) -> tuple[str, str]:
    """The place that `next` of a page says; any other text is some place too."""
    name, _, target = after.rpartition("/")
    return (name, target) if "/" in after else (after, "")


def _among(value: Callable[[ServiceStatus], object], wanted: frozenset[object]) -> Callable[[ServiceStatus], object]:
    return lambda one: value(one) in wanted


def _labelled(selector: str) -> Callable[[ServiceStatus], object]:
    if selector.startswith("!"):
        return lambda one: selector[1:] not in one.labels
    key, unequal, value = selector.partition("!=")
    if unequal:
        return lambda one: one.labels.get(key) != value
    name, equal, value = selector.partition("=")
    return (lambda one: one.labels.get(name) == value) if equal else (lambda one: name in one.labels)
