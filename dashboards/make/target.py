"""One Slurm target: what waits and why, how much of it is ours, time limits, and how services come and go there."""

from __future__ import annotations

from dashboards.make.charts import BLUE, GREEN, GREY, ORANGE, RED, YELLOW, Ask, Chart, Kind, Page, Section, Variable
from dashboards.make.words import (
    ANY_IS_BAD,
    COMMITS,
    HEALTHS,
    STARTS,
    YES_IS_BAD,
    YES_IS_GOOD,
    highest,
    quantile,
    restarts,
    seen,
)

_T = 'target="$target"'
_CLASSES = (("waiting", YELLOW), ("reserved", BLUE), ("held", ORANGE), ("blocked", RED))


def _within(histogram: str) -> tuple[Ask, ...]:
    shares = ((0.5, "half within"), (0.9, "nine of ten within"), (0.99, "99 % within"))
    return tuple(Ask(quantile(share, histogram, "", _T, ""), name) for share, name in shares)


_NOW = Section(
    "Now",
    (
        Chart(
            "Seen",
            "Whether the last look was complete. If not, nothing is submitted and nothing cancelled.",
            Kind.STAT,
            (Ask(highest("reconciler_target_up", "target", _T)),),
            width=4,
            height=4,
            values=YES_IS_GOOD,
        ),
        Chart(
            "Age of the look",
            "What is known of the target is as old as this.",
            Kind.STAT,
            (Ask(f"min by (target) (reconciler_target_look_age_seconds{{{_T}}})"),),
            unit="s",
            width=4,
            height=4,
            steps=((0, GREEN), (120, YELLOW), (300, RED)),
        ),
        Chart(
            "Jobs",
            "Our jobs on the target: running and waiting.",
            Kind.STAT,
            (
                Ask(highest("reconciler_target_jobs", "phase", _T + ', phase="Running"'), "running"),
                Ask(highest("reconciler_target_jobs", "phase", _T + ', phase="Pending"'), "waiting"),
            ),
            width=4,
            height=4,
            steps=((0, BLUE),),
        ),
        Chart(
            "GPUs",
            "GPUs that our running jobs hold, and GPUs that our waiting jobs ask for.",
            Kind.STAT,
            (
                Ask(highest("reconciler_target_gpus", "use", _T + ', use="used"'), "used"),
                Ask(highest("reconciler_target_gpus", "use", _T + ', use="requested"'), "requested"),
            ),
            width=4,
            height=4,
            steps=((0, BLUE),),
        ),
        Chart(
            "Blocked for ever",
            "Services that will never start as they are: a limit, an account, an impossible request.",
            Kind.STAT,
            (Ask(highest("reconciler_target_pending", "class", _T + ', class="blocked"')),),
            width=4,
            height=4,
            steps=ANY_IS_BAD,
        ),
        Chart(
            "Restarts held",
            "So many services are unhealthy at once that it is no fault of theirs: none is restarted.",
            Kind.STAT,
            (Ask(highest("reconciler_target_restarts_held", "target", _T)),),
            width=4,
            height=4,
            values=YES_IS_BAD,
        ),
    ),
)

_QUEUE = Section(
    "Queue",
    (
        Chart(
            "Pending by class",
            "What services wait for: waiting passes by itself, reserved until the site is open, held by somebody's "
            "hand, blocked for ever.",
            Kind.STACK,
            (Ask(highest("reconciler_target_pending", "class", _T), "{{class}}"),),
            width=8,
            colours=_CLASSES,
        ),
        Chart(
            "Jobs by phase",
            "Our jobs on the target.",
            Kind.STACK,
            (Ask(highest("reconciler_target_jobs", "phase", _T), "{{phase}}"),),
            width=8,
            colours=(("Running", GREEN), ("Pending", YELLOW), ("Stopping", BLUE)),
        ),
        Chart(
            "Time in the queue",
            "From handed over to running, since the daemon's start.",
            Kind.LINES,
            _within("reconciler_service_queue_wait_seconds"),
            unit="s",
            width=8,
            empty="Nothing was started since the daemon's start",
            calm=True,
        ),
        Chart(
            "What waits",
            "Services of which nothing runs, what they wait for, and when the platform expects them to start.",
            Kind.TABLE,
            (
                Ask(highest("reconciler_service_pending", "service, class", _T), "Waits", values=((1, "yes", YELLOW),)),
                Ask(
                    f"{highest('reconciler_service_expected_start_seconds', 'service', _T)} - time()",
                    "Expected in",
                    unit="s",
                ),
            ),
            width=16,
            empty="Nothing waits",
            calm=True,
        ),
        Chart(
            "Longest wait",
            "How long services of which nothing runs have been pending: the longest ten.",
            Kind.LINES,
            (
                Ask(
                    f"topk(10, time() - ({highest('reconciler_service_state_since_seconds', 'service, target', _T)}"
                    f" and on (service, target) reconciler_service_pending{{{_T}}}))",
                    "{{service}}",
                ),
            ),
            unit="s",
            width=8,
            empty="Nothing waits",
            calm=True,
        ),
    ),
)

_LIMITS = Section(
    "GPUs and time limits",
    (
        Chart(
            "GPUs",
            "GPUs that our running jobs hold, and GPUs that our waiting jobs ask for.",
            Kind.STACK,
            (Ask(highest("reconciler_target_gpus", "use", _T), "{{use}}"),),
            width=8,
            colours=(("used", GREEN), ("requested", YELLOW)),
        ),
        Chart(
            "Time until the time limit",
            "The ten services whose jobs end first.",
            Kind.LINES,
            (
                Ask(
                    f"bottomk(10, {highest('reconciler_service_walltime_remaining_seconds', 'service', _T)})",
                    "{{service}}",
                ),
            ),
            unit="s",
            width=8,
            steps=((0, RED), (300, ORANGE), (900, GREEN)),
            empty="No running job has a time limit",
            calm=True,
        ),
        Chart(
            "Renewals",
            "Hand-overs to a successor within the hour before.",
            Kind.LINES,
            (Ask(f"sum(increase(reconciler_service_renewals_total{{{_T}}}[1h]))", "renewals"),),
            width=8,
        ),
    ),
)

_SERVICES = Section(
    "Services there",
    (
        Chart(
            "Health",
            "How many services of the target have which health.",
            Kind.STACK,
            (Ask(f"sum by (health) ({highest('reconciler_service_health', 'service, health', _T)})", "{{health}}"),),
            width=8,
            colours=HEALTHS,
        ),
        Chart(
            "Ends of jobs",
            "Jobs that ended within the hour before, by cause.",
            Kind.STACK,
            (Ask(seen("reconciler_workload_ends_total", "cause", _T), "{{cause}}"),),
            width=8,
            empty="No job ended since the daemon started",
            calm=True,
        ),
        Chart(
            "Time to start",
            "From running to healthy, since the daemon's start.",
            Kind.LINES,
            _within("reconciler_service_start_duration_seconds"),
            unit="s",
            width=8,
            empty="Nothing was started since the daemon's start",
            calm=True,
        ),
        Chart(
            "Actions",
            "What the daemon did there, within the hour before.",
            Kind.STACK,
            (
                Ask(
                    f"sum by (action, result) (increase(reconciler_actions_total{{{_T}}}[1h])) > 0",
                    "{{action}} {{result}}",
                ),
            ),
            width=12,
            empty="Nothing had to be done",
            calm=True,
        ),
        Chart(
            "Seen",
            "Whether the target was seen, and whether this daemon may write there.",
            Kind.TIMELINE,
            (
                Ask(highest("reconciler_target_up", "target", _T), "seen"),
                Ask(highest("reconciler_target_leads", "target", _T), "we lead"),
            ),
            width=12,
            values=((0, "no", GREY), (1, "yes", GREEN)),
        ),
    ),
)

PAGE = Page(
    "reconciler-slurm",
    "Reconciler / Slurm target",
    "One Slurm target: the queue, GPUs, time limits, and what the daemon does there.",
    (Variable("target", "Target", 'reconciler_target_up{kind="slurm"}', "target", several=False),),
    (_NOW, _QUEUE, _LIMITS, _SERVICES),
    (COMMITS, restarts(_T), STARTS),
    (("Table of the daemon", "/status"),),
)
