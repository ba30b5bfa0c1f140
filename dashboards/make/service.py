"""One service: how it stands, since when, what it waits for, what happened to it, and its own metrics."""

from __future__ import annotations

from dashboards.make.charts import BLUE, GREEN, ORANGE, RED, Ask, Chart, Kind, Page, Section, Variable
from dashboards.make.engines import SECTIONS
from dashboards.make.words import (
    ANY_IS_ODD,
    COMMITS,
    HEALTH_VALUES,
    SHARE,
    STARTS,
    STATE_VALUES,
    YES_IS_BAD,
    YES_IS_GOOD,
    health_number,
    highest,
    quantile,
    restarts,
    seen,
    state_number,
)

_S = 'service="$service", target=~"$target"'
_INFO = f"reconciler_service_info{{{_S}}}"


def _of(metric: str) -> str:
    return highest(metric, "service, target", _S)


def _stat(title: str, about: str, *asks: Ask, **more: object) -> Chart:
    return Chart(title, about, Kind.STAT, asks, **{"width": 3, "height": 4, **more})  # type: ignore[arg-type]


_NOW = Section(
    "Now",
    (
        _stat(
            "Health",
            "The verdict of all layers: platform, endpoint, freshness.",
            Ask(health_number(_S)),
            values=HEALTH_VALUES,
        ),
        _stat("State", "Where it stands between Git and the platform.", Ask(state_number(_S)), values=STATE_VALUES),
        _stat(
            "Replicas",
            "Replicas that are healthy, and replicas that are wanted.",
            Ask(f"sum({_of('reconciler_service_replicas_ready')})", "ready"),
            Ask(f"sum({_of('reconciler_service_replicas')})", "wanted"),
            steps=((0, BLUE),),
        ),
        _stat(
            "Availability",
            "Share of the time since the daemon first saw it wanted and not suspended in which it was Healthy.",
            Ask(_of("reconciler_service_availability")),
            unit="percentunit",
            steps=SHARE,
        ),
        _stat(
            "Restarts within a day",
            "How often it was restarted, whatever the reason.",
            Ask(f"sum(increase(reconciler_service_restarts_total{{{_S}}}[1d]))"),
            steps=((0, GREEN), (1, ORANGE), (5, RED)),
        ),
        _stat(
            "Until the time limit",
            "Until the first of its healthy jobs ends. A successor is submitted before that.",
            Ask(_of("reconciler_service_walltime_remaining_seconds")),
            unit="s",
            steps=((0, RED), (300, ORANGE), (900, GREEN)),
            empty="None",
            calm=True,
        ),
        _stat(
            "Renewals",
            "Hand-overs to a successor because of a time limit, since the daemon's start.",
            Ask(f"sum({_of('reconciler_service_renewals_total')})"),
            steps=((0, BLUE),),
        ),
        _stat(
            "Unhealthy for",
            "How long its worst replica has been unhealthy. It is restarted after the recipe's restartAfter.",
            Ask(f"time() - {_of('reconciler_service_unhealthy_since_seconds')}"),
            unit="s",
            steps=((0, ORANGE), (300, RED)),
            empty="Healthy",
            calm=True,
        ),
        Chart(
            "What runs",
            "The recipe, the platform, and the commit that what runs was deployed from.",
            Kind.TABLE,
            (
                Ask(
                    f"time() - max by (service, target, recipe, platform, revision) ({_INFO}"
                    f" * on (service, target, job, instance) group_left ()"
                    f" reconciler_service_state_since_seconds{{{_S}}})",
                    "In this state for",
                    unit="s",
                ),
            ),
            width=24,
            height=4,
        ),
    ),
)

_STORY = Section(
    "Story",
    (
        Chart(
            "Health",
            "The verdict over time.",
            Kind.TIMELINE,
            (Ask(health_number(_S), "{{target}}"),),
            width=12,
            height=5,
            values=HEALTH_VALUES,
        ),
        Chart(
            "Answers",
            "Whether each running instance serves: the platform's word and the endpoint probe together.",
            Kind.TIMELINE,
            (Ask(highest("reconciler_service_endpoint_up", "replica, instance", _S), "{{replica}}: {{instance}}"),),
            width=12,
            height=5,
            values=YES_IS_GOOD,
            empty="Nothing of it runs",
        ),
        Chart(
            "Replicas",
            "Ready and wanted.",
            Kind.LINES,
            (
                Ask(f"sum({_of('reconciler_service_replicas')})", "wanted"),
                Ask(f"sum({_of('reconciler_service_replicas_ready')})", "ready"),
            ),
            width=8,
            colours=(("wanted", BLUE), ("ready", GREEN)),
        ),
        Chart(
            "Restarts",
            "Restarts within the hour before, by reason.",
            Kind.STACK,
            (Ask(f"sum by (reason) (increase(reconciler_service_restarts_total{{{_S}}}[1h]))", "{{reason}}"),),
            width=8,
        ),
        Chart(
            "Ends",
            "Jobs and pods of it that ended within the hour before, by cause.",
            Kind.STACK,
            (Ask(seen("reconciler_workload_ends_total", "cause", _S), "{{cause}}"),),
            width=8,
            empty="Nothing of it ended since the daemon started",
            calm=True,
        ),
        Chart(
            "Waits",
            "What a replica of which nothing runs waits for.",
            Kind.TIMELINE,
            (Ask(highest("reconciler_service_pending", "class", _S), "{{class}}"),),
            width=8,
            height=5,
            values=((1, "waits", ORANGE),),
            empty="Nothing waits",
            calm=True,
        ),
        Chart(
            "Expected start",
            "Until the platform expects the start of the replica that is furthest behind.",
            Kind.LINES,
            (Ask(f"{_of('reconciler_service_expected_start_seconds')} - time()", "{{target}}"),),
            unit="s",
            width=8,
            height=5,
            empty="Nothing waits, or the platform does not say until when",
            calm=True,
        ),
        Chart(
            "Failed starts in a row",
            "Each doubles the wait before the next; from three on it is a crash loop.",
            Kind.LINES,
            (
                Ask(_of("reconciler_service_attempt"), "failed starts"),
                Ask(_of("reconciler_service_crash_looping"), "crash loop"),
            ),
            width=8,
            height=5,
            steps=((0, GREEN), (1, ORANGE), (3, RED)),
            colours=(("failed starts", ORANGE), ("crash loop", RED)),
        ),
    ),
)

_WAYS = Section(
    "Queue, start, hands",
    (
        Chart(
            "In the queue",
            "From handed over to running, of all services of its target since the daemon's start.",
            Kind.LINES,
            tuple(
                Ask(
                    quantile(share, "reconciler_service_queue_wait_seconds", "target", 'target=~"$target"', ""),
                    f"{name} {{{{target}}}}",
                )
                for share, name in ((0.5, "half within"), (0.9, "nine of ten within"))
            ),
            unit="s",
            width=8,
            empty="Nothing was started since the daemon's start",
            calm=True,
        ),
        Chart(
            "Start",
            "From running to healthy, of services of its recipe since the daemon's start.",
            Kind.LINES,
            tuple(
                Ask(
                    f"histogram_quantile({share}, sum by (le, recipe) (reconciler_service_start_duration_seconds_bucket"
                    f'{{target=~"$target"}} and on (recipe) {_INFO}))',
                    f"{name} ({{{{recipe}}}})",
                )
                for share, name in ((0.5, "half within"), (0.9, "nine of ten within"))
            ),
            unit="s",
            width=8,
            empty="No service of this recipe was started since the daemon's start",
            calm=True,
        ),
        Chart(
            "Changed by hand",
            "Fields that differ from what was declared; who undoes repairs again and again is named.",
            Kind.LINES,
            (
                Ask(_of("reconciler_service_drift"), "fields not repaired"),
                Ask(highest("reconciler_service_fight", "manager", _S), "fights with {{manager}}", calm=True),
            ),
            width=8,
            steps=ANY_IS_ODD,
        ),
        Chart(
            "Frozen",
            "Its file is bad: it runs on from the last good version in Git.",
            Kind.TIMELINE,
            (Ask(_of("reconciler_service_frozen"), "{{target}}"),),
            width=12,
            height=4,
            values=YES_IS_BAD,
        ),
        Chart(
            "Why the last one ended",
            "The cause of the last end of a job or a pod of it, as long as the platform remembers it.",
            Kind.TIMELINE,
            (Ask(highest("reconciler_service_last_end_info", "cause", _S), "{{cause}}"),),
            width=12,
            height=4,
            values=((1, "the last end", ORANGE),),
            empty="Nothing of it is known to have ended",
            calm=True,
        ),
    ),
)

PAGE = Page(
    "reconciler-service",
    "Reconciler / Service",
    "One service: how it stands and why, its story, and what it says of itself.",
    (
        Variable("service", "Service", "reconciler_service_info", "service", several=False),
        Variable("target", "Target", 'reconciler_service_info{service="$service"}', "target"),
    ),
    (_NOW, _STORY, _WAYS, *SECTIONS),
    (COMMITS, restarts(_S), STARTS),
    (("What the daemon says of it", "/services/${service}/explain"), ("Table of the daemon", "/status")),
)
