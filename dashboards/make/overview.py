"""The factory at a glance: which services stand well, which do not, what happened, and whether we can see at all."""

from __future__ import annotations

from dashboards.make import sight
from dashboards.make.charts import BLUE, Ask, Chart, Kind, Page, Section, Variable
from dashboards.make.words import (
    ANY_IS_BAD,
    ANY_IS_ODD,
    COMMITS,
    HEALTH_VALUES,
    HEALTHS,
    SHARE,
    STARTS,
    STATE_VALUES,
    YES_IS_BAD,
    health_number,
    highest,
    restarts,
    seen,
    state_number,
)

_T = sight.CHOSEN_TARGETS
_of, _chosen = sight.of, sight.chosen
_HEALTHY = _of("reconciler_service_health", 'health="Healthy"')
_BAD = _of("reconciler_service_health", 'health=~"Degraded|Failed"')
_USED = highest("reconciler_target_gpus", "target", f'{_T}, use="used"')
_SUSPENDED = 'on (service, target) reconciler_service_health{health="Suspended"} == 1'

_GLANCE = Section(
    "At a glance",
    (
        Chart(
            "Services",
            "Services that the daemon knows, of the targets and recipes chosen above.",
            Kind.STAT,
            (Ask(f"count({_of('reconciler_service_replicas')})"),),
            width=3,
            height=4,
            steps=((0, BLUE),),
        ),
        Chart(
            "Healthy",
            "Share of the services that are Healthy; suspended ones are left out.",
            Kind.STAT,
            (Ask(f"avg({_HEALTHY} unless {_SUSPENDED})"),),
            unit="percentunit",
            width=3,
            height=4,
            steps=SHARE,
        ),
        Chart(
            "Degraded or failed",
            "Services that run badly or not at all, and will not get better by waiting.",
            Kind.STAT,
            (Ask(f"sum({_BAD})"),),
            width=3,
            height=4,
            steps=ANY_IS_BAD,
        ),
        Chart(
            "Pending",
            "Services that wait to be started: for resources, a reservation, somebody's hand, or for ever.",
            Kind.STAT,
            (Ask(f"sum({highest('reconciler_target_pending', 'target, class', _T)})"),),
            width=3,
            height=4,
            steps=ANY_IS_ODD,
        ),
        Chart(
            "Frozen",
            "Services whose file is bad: they run on from the last good version in Git.",
            Kind.STAT,
            (Ask("max(reconciler_source_frozen_services)"),),
            width=3,
            height=4,
            steps=ANY_IS_BAD,
        ),
        Chart(
            "Held removals",
            "Services that are no longer in Git and are kept until a commit allows that they go.",
            Kind.STAT,
            (Ask("max(reconciler_source_held_removals)"),),
            width=3,
            height=4,
            steps=ANY_IS_ODD,
        ),
        Chart(
            "Targets not seen",
            "Targets whose last look was not complete. Nothing is done there: unknown is not absent.",
            Kind.STAT,
            (Ask(f"sum(1 - {highest('reconciler_target_up', 'target', _T)})"),),
            width=3,
            height=4,
            steps=ANY_IS_BAD,
        ),
        Chart(
            "GPUs in use",
            "GPUs that our running workloads hold.",
            Kind.STAT,
            (Ask(f"sum({_USED})"),),
            width=3,
            height=4,
            steps=((0, BLUE),),
        ),
    ),
)

_SERVICES = Section(
    "Services",
    (
        Chart(
            "Health of all services",
            "How many services have which health.",
            Kind.STACK,
            (
                Ask(
                    "sum by (health) " + _chosen(highest("reconciler_service_health", "service, target, health", _T)),
                    "{{health}}",
                ),
            ),
            width=12,
            height=8,
            colours=HEALTHS,
        ),
        Chart(
            "Services that need somebody",
            "Degraded, failed, frozen or crash-looping services, and how often they were restarted within a day. "
            "A name leads to the dashboard of that service.",
            Kind.TABLE,
            (
                Ask(f"({_chosen(health_number(_T))}) >= 5", "Health", values=HEALTH_VALUES),
                Ask(f"{_of('reconciler_service_frozen')} == 1", "Frozen", values=YES_IS_BAD),
                Ask(f"{_of('reconciler_service_crash_looping')} == 1", "Crash loop", values=YES_IS_BAD),
            ),
            width=12,
            height=8,
            empty="All is well: nothing is degraded, failed, frozen or in a crash loop",
            calm=True,
        ),
        Chart(
            "All services",
            "Each service as it stands. A name leads to its dashboard.",
            Kind.TABLE,
            (
                Ask(_chosen(state_number(_T)), "State", values=STATE_VALUES),
                Ask(_chosen(health_number(_T)), "Health", values=HEALTH_VALUES),
                Ask(_of("reconciler_service_replicas_ready"), "Ready"),
                Ask(_of("reconciler_service_replicas"), "Wanted"),
                Ask(_of("reconciler_service_availability"), "Availability", unit="percentunit", steps=SHARE),
                Ask(f"time() - {_of('reconciler_service_state_since_seconds')}", "In this state for", unit="s"),
            ),
            width=24,
            height=9,
        ),
        Chart(
            "Lowest availability",
            "Share of the time since the daemon first saw a service wanted in which it was Healthy: the worst ten.",
            Kind.LINES,
            (Ask(f"bottomk(10, {_of('reconciler_service_availability')})", "{{service}}"),),
            unit="percentunit",
            width=8,
            steps=SHARE,
            top=1,
        ),
        Chart(
            "Restarts",
            "Restarts of services within the hour before, by reason.",
            Kind.STACK,
            (Ask(f"sum by (reason) (increase(reconciler_service_restarts_total{{{_T}}}[1h]))", "{{reason}}"),),
            width=8,
        ),
        Chart(
            "Ends of workloads",
            "Jobs and pods that ended within the hour before, by cause.",
            Kind.STACK,
            (Ask(seen("reconciler_workload_ends_total", "cause", _T), "{{cause}}"),),
            width=8,
            empty="Nothing ended since the daemon started",
            calm=True,
        ),
    ),
)

PAGE = Page(
    "reconciler-overview",
    "Reconciler / Factory",
    "All services of the factory: how they stand, what happened to them, and whether the daemon sees everything.",
    (
        Variable("target", "Target", "reconciler_target_up", "target"),
        Variable("recipe", "Recipe", "reconciler_service_info", "recipe"),
    ),
    (_GLANCE, _SERVICES, sight.TARGETS, sight.SOURCE),
    (COMMITS, restarts(_T), STARTS),
    (("Table of the daemon", "/status"),),
)
