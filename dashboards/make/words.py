"""Pieces of PromQL and names of values that several dashboards share.

Where two daemons look at the same targets (one leads, the other waits), both export the same services: `highest` takes
one of each, so that nothing is counted twice. `seen` does the same for counters of what both see happen; what only
the one that acts counts (restarts, renewals, actions) is added up.
"""

from __future__ import annotations

from collections.abc import Iterable

from dashboards.make.charts import BLUE, GREEN, GREY, ORANGE, PURPLE, RED, YELLOW, Event

#: Worst last, as reconciler.models.health orders them.
HEALTHS = (
    ("Healthy", GREEN),
    ("Suspended", GREY),
    ("Progressing", BLUE),
    ("Pending", YELLOW),
    ("Unknown", PURPLE),
    ("Degraded", ORANGE),
    ("Failed", RED),
)
STATES = (
    ("Absent", GREY),
    ("Pending", YELLOW),
    ("Running", GREEN),
    ("Stopping", BLUE),
    ("Suspended", GREY),
    ("Held", ORANGE),
    ("Removing", RED),
    ("Unknown", PURPLE),
)
#: What a number of `health_number` and of `state_number` means, for value mappings.
HEALTH_VALUES = tuple((number, name, colour) for number, (name, colour) in enumerate(HEALTHS))
STATE_VALUES = tuple((number, name, colour) for number, (name, colour) in enumerate(STATES))
YES_IS_GOOD = ((0, "no", RED), (1, "yes", GREEN))
YES_IS_BAD = ((0, "no", GREEN), (1, "yes", RED))

#: Colours of thresholds.
ANY_IS_BAD = ((0, GREEN), (1, RED))
ANY_IS_ODD = ((0, GREEN), (1, YELLOW))
SHARE = ((0, RED), (0.9, ORANGE), (0.99, YELLOW), (0.999, GREEN))

COMMITS = Event(
    "Commits",
    "max by (revision) (reconciler_source_revision_info)"
    " unless max by (revision) (reconciler_source_revision_info offset $__rate_interval)",
    "Commit {{revision}} is in force",
    BLUE,
    ("revision",),
)
STARTS = Event(
    "Starts of the daemon",
    "changes(process_start_time_seconds[$__rate_interval]) * on (job, instance) group_left (version)"
    " reconciler_build_info > 0",
    "The daemon started ({{version}})",
    PURPLE,
    ("version",),
)


def restarts(where: str) -> Event:
    """Marks of restarts of the services that `where` chooses."""
    expr = f"sum by (service, reason) (increase(reconciler_service_restarts_total{{{where}}}[$__rate_interval])) > 0"
    return Event("Restarts", expr, "{{service}} restarted: {{reason}}", ORANGE, ("service", "reason"))


def highest(metric: str, by: str, where: str = "") -> str:
    """One value for each combination of the labels `by`, whoever exports it."""
    return f"max by ({by}) ({metric}{{{where}}})" if where else f"max by ({by}) ({metric})"


def seen(counter: str, by: str, where: str) -> str:
    """How often something happened within the hour before, for each value of the label `by`.

    A series that was not there an hour ago began with its first event, which `increase` does not see.
    """
    series = f"{counter}{{{where}}}"
    return (
        f"sum by ({by}) (max by (service, target, {by})"
        f" (({series} unless {series} offset 1h) or increase({series}[1h])))"
    )


def quantile(share: float, histogram: str, by: str, where: str = "", window: str = "$__rate_interval") -> str:
    """That share of the observations of `window` was at most this; all since the daemon's start if `window` is ""."""
    labels = ", ".join(filter(None, ("le", by)))
    buckets = f"{histogram}_bucket{{{where}}}" if where else f"{histogram}_bucket"
    return f"histogram_quantile({share}, sum by ({labels}) ({f'rate({buckets}[{window}])' if window else buckets}))"


def health_number(where: str) -> str:
    """The health of each service as a number: its place in HEALTHS."""
    return _number("reconciler_service_health", "health", [name for name, _ in HEALTHS], where)


def state_number(where: str) -> str:
    """The state of each service as a number: its place in STATES."""
    return _number("reconciler_service_state", "state", [name for name, _ in STATES], where)


def _number(metric: str, label: str, names: Iterable[str], where: str) -> str:
    one = (
        f'max by (service, target) ({metric}{{{where}, {label}="{name}"}} == 1) * {number}'
        for number, name in enumerate(names)
    )
    return " or ".join(reversed(list(one)))
