"""The whole story of one service on one target."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from difflib import get_close_matches

from reconciler.explain.advice import advice_for
from reconciler.explain.coming import coming, waits
from reconciler.health import order_of_end
from reconciler.models.action import Hold
from reconciler.models.status import ServiceStatus, Status, View
from reconciler.models.text import visible
from reconciler.models.wanted import ResolvedService, Wanted
from reconciler.models.workload import Phase, Workload

_ENDED = 5


@dataclass(frozen=True, slots=True)
class Story:
    """What can be said of one service on one target.

    `line` is its line of the table. `looked` is when the target was looked at last (None: never), `blind` is "" or why
    that look was not whole. `resolved` and `wanted` are None for what nobody wants any more, or what never had a good
    version. `there` is what lives of it, by replica; `ended` the last few that ended, newest first. `waits`, `coming`
    and `advice` are sentences: what is waited for, what the daemon does next and when, what a person can do.
    """

    line: ServiceStatus
    looked: datetime | None = None
    blind: str = ""
    resolved: ResolvedService | None = None
    wanted: Wanted | None = None
    there: tuple[Workload, ...] = ()
    ended: tuple[Workload, ...] = ()
    waits: tuple[str, ...] = ()
    coming: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()


def explain(line: ServiceStatus, view: View | None, now: datetime) -> Story:
    """The story of the service of `line` at `now`. `view` is what the last turn of its target worked from, if any."""
    if view is None:
        return Story(line, advice=tuple(advice_for(line, None, (), ())))
    resolved, wanted = next((pair for pair in view.services if pair[1].service == line.service), (None, None))
    mine = [workload for workload in view.seen.workloads if workload.mark.service == line.service]
    there = tuple(sorted((one for one in mine if one.phase is not Phase.ENDED), key=_place))
    ended = tuple(sorted((one for one in mine if one.phase is Phase.ENDED), key=order_of_end, reverse=True)[:_ENDED])
    actions = [action for action in view.plan.actions if action.service == line.service]
    holds = [action.reason for action in actions if isinstance(action, Hold)]
    story = Story(line, view.seen.at, view.seen.why, resolved, wanted, there, ended)
    return replace(
        story,
        waits=tuple(waits(there, holds, view.errors.get(line.service, ""), now)),
        coming=tuple(coming(wanted, there, actions, now)) if view.seen.complete else (),
        advice=tuple(advice_for(line, resolved, there, ended, closes=view.seen.closes, now=now)),
    )


def tell(status: Status, views: Iterable[View], service: str, now: datetime) -> tuple[Story, ...]:
    """The stories of a service, one for each target that knows it; none when nobody does."""
    by_target = {view.target: view for view in views}
    lines = (line for line in status.services if line.service == service)
    return tuple(explain(line, by_target.get(line.target), now) for line in lines)


def unknown(status: Status, service: str) -> str:
    """What to say of a name that nobody knows: the nearest names that there are."""
    near = get_close_matches(service[:80], sorted({line.service for line in status.services}), cutoff=0.5)
    lists = "`reconciler status` lists all, `reconciler data list` what others left"
    advice = f"did you mean {' or '.join(near)}?" if near else lists
    return f"there is no service {visible(service[:80])}; {advice}"


def _place(workload: Workload) -> tuple[int, int, str]:
    return (workload.mark.replica, workload.mark.generation, workload.id)
