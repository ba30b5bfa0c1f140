"""One line of the log for each verdict on a service that changes."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from reconciler.models.health import Health
from reconciler.models.status import ServiceStatus, State

Verdict = tuple[State, Health]
_log = logging.getLogger("reconciler.health")
_BAD = (Health.DEGRADED, Health.FAILED)


class Verdicts:
    """Tells the changes on one target. That nothing is known for now is said once for the target, not for each."""

    def __init__(self) -> None:
        self._told: dict[str, Verdict] = {}

    def tell(self, table: Iterable[ServiceStatus]) -> list[tuple[ServiceStatus, Verdict | None]]:
        """Log what is not as it was told last, and give it with what it was; None for the first verdict on a service.

        A first verdict is logged for those who debug only, unless it is bad.
        """
        before, self._told = self._told, {}
        changes = []
        for one in table:
            last, now = before.get(one.service), (one.state, one.health)
            if one.state is State.UNKNOWN:
                if last is not None:
                    self._told[one.service] = last
                continue
            self._told[one.service] = now
            if now != last:
                _tell(one, last)
                changes.append((one, last))
        return changes


def worth_telling(changes: Iterable[tuple[ServiceStatus, Verdict | None]]) -> list[ServiceStatus]:
    """Of the changes those that people ought to see where the service runs: what became bad, and is well again."""
    return [
        one
        for one, last in changes
        if last is not None and (one.health in _BAD or (one.health is Health.HEALTHY and last[1] in _BAD))
    ]


def _tell(one: ServiceStatus, last: Verdict | None) -> None:
    after = _words((one.state, one.health))
    level = logging.WARNING if one.health in _BAD else logging.DEBUG if last is None else logging.INFO
    fields = {"service": one.service, "target": one.target, "revision": one.revision, "action": "verdict"}
    extra = {**fields, "before": _words(last), "after": after, "reason": one.why}
    change = f"{_words(last)} → {after}" if last else after
    why = f": {one.why}" if one.why else ""
    _log.log(level, "%s: %s: %s%s", one.target, one.service, change, why, extra=extra)


def _words(verdict: Verdict | None) -> str:
    return f"{verdict[0].value}/{verdict[1].value}" if verdict else ""
