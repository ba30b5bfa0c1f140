"""The story of a service as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from reconciler.explain import when
from reconciler.models.text import visible
from reconciler.models.units import rough_duration
from reconciler.shapes.status import ChangeShape, ServiceShape
from reconciler.shapes.story import StoryShape, WishShape, WorkloadShape

_MARGIN = 10
_CHANGES = 10


def text_of(story: StoryShape, now: datetime) -> str:
    """The story, one part below the other. Times are told from `now`."""
    line = story.service
    count = f" {line.ready}/{line.replicas}" if line.replicas else ""
    since = rough_duration(now - line.since)
    head = f"{line.service} on {line.target or 'no target'}: {line.state}, {line.health}{count}, for {since}"
    lines = [head, *([f"  {line.why}"] if line.why else []), ""]
    lines += _part("wanted", _wanted(story.wanted, line))
    unseen = f"unknown, as the last look was not whole: {story.blind}" if story.blind else "nothing"
    lines += _part("there", [text for one in story.there for text in _there(one, now)] or [unseen])
    lines += _part("waits", story.waits)
    lines += _part("ended", [text for one in story.ended for text in _ended(one, now)])
    lines += _part("history", _history(story.history, now))
    lines += _part("next", story.next or ["looks again at the next tick"])
    lines += _part("you can", story.advice)
    return "\n".join(lines) + "\n"


def _part(title: str, texts: list[str]) -> Iterator[str]:
    for number, text in enumerate(texts):
        yield f"{title if number == 0 else '':{_MARGIN}}{text}"


def _wanted(wish: WishShape | None, line: ServiceShape) -> list[str]:
    if wish is None:
        return ["nobody wants it any more" if line.target else "no version of its file was ever good"]
    subject = f" by {wish.author}: {wish.subject}" if wish.subject else ""
    what = [f"recipe {line.recipe}", f"{line.replicas} replica{'' if line.replicas == 1 else 's'}"]
    what += ["stateful"] if wish.stateful else []
    what += [f"time limit {rough_duration(timedelta(seconds=wish.time))}"] if wish.time else []
    what += [f"a successor {rough_duration(timedelta(seconds=wish.lead))} before it"] if wish.time and wish.lead else []
    extra = [wish.suspended, f"frozen: {wish.frozen}" if wish.frozen else ""]
    return [f"{wish.file} at {wish.revision}{subject}", ", ".join(what), *filter(None, extra)]


def _there(one: WorkloadShape, now: datetime) -> Iterator[str]:
    since = f" since {when(one.since, now)}" if one.since else ""
    how = one.phase if one.health == one.phase else f"{one.phase}, {one.health}"
    yield f"{one.id} (replica {one.replica}): {how}{since}"
    if one.reason:
        yield f"  {one.reason}"
    for port, addresses in one.endpoints.items():
        yield f"  {port}: {', '.join(map(visible, addresses))}"
    if one.deadline:
        yield f"  its time limit is reached at {when(one.deadline, now)}"
    yield from _output(one)


def _ended(one: WorkloadShape, now: datetime) -> Iterator[str]:
    at = f" at {when(one.since, now)}" if one.since else ""
    cause = f" ({one.cause})" if one.cause else ""
    yield f"{one.id} (replica {one.replica}){at}: {one.reason or 'ended'}{cause}"
    yield from _output(one)


def _history(changes: list[ChangeShape], now: datetime) -> list[str]:
    """The last changes of the verdict, the newest last; nothing while the first verdict stands."""
    if len(changes) < 2:
        return []
    earlier = len(changes) - _CHANGES
    return [*([f"and {earlier} earlier"] if earlier > 0 else []), *(_change(one, now) for one in changes[-_CHANGES:])]


def _change(one: ChangeShape, now: datetime) -> str:
    verdict = f"{one.before} → {one.after}" if one.before else f"{one.after} at first sight"
    return f"{when(one.at, now)}: {verdict}" + (f": {one.why}" if one.why else "")


def _output(one: WorkloadShape) -> Iterator[str]:
    """Its last lines, which are foreign text, also when another machine sent them."""
    for line in one.output.splitlines()[-_MARGIN:]:
        yield f"  | {visible(line)}"
