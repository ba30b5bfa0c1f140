"""What the daemon sees: its targets and the repository. The lower half of the overview."""

from __future__ import annotations

from dashboards.make.charts import BLUE, GREEN, GREY, ORANGE, RED, YELLOW, Ask, Chart, Kind, Section
from dashboards.make.words import YES_IS_BAD, YES_IS_GOOD, highest

#: Series of the targets that were chosen.
CHOSEN_TARGETS = _T = 'target=~"$target"'


def chosen(expr: str) -> str:
    """Only services of the recipes that were chosen."""
    return f'({expr} and on (service, target) reconciler_service_info{{recipe=~"$recipe"}})'


def of(metric: str, where: str = "") -> str:
    """The metric of each chosen service; `where` are more labels."""
    return chosen(highest(metric, "service, target", f"{_T}, {where}" if where else _T))


TARGETS = Section(
    "Targets",
    (
        Chart(
            "Seen",
            "Whether the last look at the target was complete.",
            Kind.TIMELINE,
            (Ask(highest("reconciler_target_up", "target", _T), "{{target}}"),),
            width=8,
            values=YES_IS_GOOD,
        ),
        Chart(
            "Age of the last complete look",
            "What is known of the target is as old as this.",
            Kind.LINES,
            (Ask(f"min by (target) (reconciler_target_look_age_seconds{{{_T}}})", "{{target}}"),),
            unit="s",
            width=8,
            steps=((0, GREEN), (120, YELLOW), (300, RED)),
        ),
        Chart(
            "Pending by class",
            "What services wait for: waiting passes by itself, reserved until the site is open, held by somebody's "
            "hand, blocked for ever.",
            Kind.STACK,
            (Ask(f"sum by (class) ({highest('reconciler_target_pending', 'target, class', _T)})", "{{class}}"),),
            width=8,
            colours=(("waiting", YELLOW), ("reserved", BLUE), ("held", ORANGE), ("blocked", RED)),
        ),
        Chart(
            "GPUs",
            "GPUs that our running workloads hold, and GPUs that our waiting ones ask for.",
            Kind.LINES,
            (
                Ask(
                    f"sum by (target, use) ({highest('reconciler_target_gpus', 'target, use', _T)})",
                    "{{target}} {{use}}",
                ),
            ),
            width=8,
        ),
        Chart(
            "Time until the time limit",
            "The ten services whose jobs end first. A successor is submitted before that.",
            Kind.LINES,
            (Ask(f"bottomk(10, {of('reconciler_service_walltime_remaining_seconds')})", "{{service}}"),),
            unit="s",
            width=8,
            steps=((0, RED), (300, ORANGE), (900, GREEN)),
            empty="No service has a time limit",
            calm=True,
        ),
        Chart(
            "Restarts held",
            "So many services of the target are unhealthy at once that it is no fault of theirs: none is restarted.",
            Kind.TIMELINE,
            (Ask(highest("reconciler_target_restarts_held", "target", _T), "{{target}}"),),
            width=8,
            values=YES_IS_BAD,
        ),
    ),
)

SOURCE = Section(
    "Repository",
    (
        Chart(
            "In force",
            "The commit that the daemon works from, and for how long it has been committed.",
            Kind.TABLE,
            (
                Ask(
                    "time() - max by (revision) (reconciler_source_revision_info"
                    " * on (job, instance) group_left () reconciler_source_revision_time_seconds)",
                    "Committed",
                    unit="s",
                ),
            ),
            width=8,
            height=5,
        ),
        Chart(
            "Read",
            "Whether the repository could be read at the last try.",
            Kind.TIMELINE,
            (Ask("max(reconciler_source_up)", "repository"),),
            width=8,
            height=5,
            values=YES_IS_GOOD,
        ),
        Chart(
            "Errors in files",
            "What is wrong in the files of the revision in force. Each error freezes one service, no other.",
            Kind.LINES,
            (Ask("max(reconciler_source_errors)", "errors"), Ask("max(reconciler_source_frozen_services)", "frozen")),
            width=8,
            height=5,
            colours=(("errors", RED), ("frozen", GREY)),
        ),
    ),
)
