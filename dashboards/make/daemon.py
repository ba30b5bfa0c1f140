"""The daemon itself: does it turn, does it read, how much does it do, what does it cost."""

from __future__ import annotations

from dashboards.make.api import API
from dashboards.make.charts import BLUE, GREEN, ORANGE, RED, YELLOW, Ask, Chart, Kind, Page, Section, Variable
from dashboards.make.words import ANY_IS_BAD, ANY_IS_ODD, COMMITS, STARTS, YES_IS_GOOD, quantile, seen

_YES = ((1, "yes", GREEN),)
_I = 'instance=~"$daemon"'
#: Metrics that every process has are those of the daemon where it says its version as well.
_OURS = f"on (job, instance) reconciler_build_info{{{_I}}}"


def _within(histogram: str, by: str, window: str = "$__rate_interval") -> tuple[Ask, ...]:
    shown = "".join(f"{{{{{label}}}}} " for label in by.split(", ") if label)
    shares = ((0.5, "half"), (0.99, "99 %"))
    return tuple(Ask(quantile(share, histogram, by, _I, window), f"{shown}{name}") for share, name in shares)


_NOW = Section(
    "Now",
    (
        Chart(
            "Version",
            "Each daemon that is scraped, its version, and for how long it has been running.",
            Kind.TABLE,
            (
                Ask(
                    f"(time() - process_start_time_seconds) * on (job, instance) group_left (version, python)"
                    f" reconciler_build_info{{{_I}}}",
                    "Running for",
                    unit="s",
                ),
            ),
            width=12,
            height=5,
        ),
        Chart(
            "Last fetch",
            "Time since the repository was last read well.",
            Kind.STAT,
            (Ask(f"time() - max(reconciler_source_last_success_timestamp_seconds{{{_I}}})"),),
            unit="s",
            width=3,
            height=5,
            steps=((0, GREEN), (300, YELLOW), (900, RED)),
        ),
        Chart(
            "Errors in files",
            "What is wrong in the files of the revision in force.",
            Kind.STAT,
            (Ask(f"max(reconciler_source_errors{{{_I}}})"),),
            width=3,
            height=5,
            steps=ANY_IS_BAD,
        ),
        Chart(
            "Frozen, held",
            "Frozen services, and removals that are held.",
            Kind.STAT,
            (
                Ask(f"max(reconciler_source_frozen_services{{{_I}}})", "frozen"),
                Ask(f"max(reconciler_source_held_removals{{{_I}}})", "held"),
            ),
            width=3,
            height=5,
            steps=ANY_IS_ODD,
        ),
        Chart(
            "Signature",
            "Whether the signature of the commit in force is good.",
            Kind.STAT,
            (Ask(f"min(reconciler_source_verified{{{_I}}})"),),
            width=3,
            height=5,
            values=((0, "not verified", RED), (1, "verified", GREEN)),
            empty="Not asked for",
            calm=True,
        ),
    ),
)

_TURNS = Section(
    "Turns and actions",
    (
        Chart(
            "Length of a turn",
            "One pass over a target: look, decide, act, judge.",
            Kind.LINES,
            _within("reconciler_turn_duration_seconds", "target"),
            unit="s",
            width=8,
            steps=((0, GREEN), (10, YELLOW), (60, RED)),
        ),
        Chart(
            "Turns",
            "Turns per minute. A target without any is not looked after.",
            Kind.LINES,
            (
                Ask(
                    f"60 * sum by (target) (rate(reconciler_turn_duration_seconds_count{{{_I}}}[$__rate_interval]))",
                    "{{target}}",
                ),
            ),
            width=8,
        ),
        Chart(
            "Length of an action",
            "From the decision to the platform's answer, of actions within the hour before: 99 % took at most this.",
            Kind.LINES,
            (Ask(quantile(0.99, "reconciler_action_duration_seconds", "action", _I, "1h") + " >= 0", "{{action}}"),),
            unit="s",
            width=8,
            empty="Nothing had to be done",
            calm=True,
        ),
        Chart(
            "Actions",
            "What was done within the hour before.",
            Kind.STACK,
            (Ask(f"sum by (action) (increase(reconciler_actions_total{{{_I}}}[1h])) > 0", "{{action}}"),),
            width=8,
            empty="Nothing had to be done",
            calm=True,
        ),
        Chart(
            "Failed actions",
            "Actions that did not end well within the hour before, by target and result.",
            Kind.STACK,
            (
                Ask(
                    f'sum by (target, action, result) (increase(reconciler_actions_total{{{_I}, result!="ok"}}[1h]))'
                    " > 0",
                    "{{target}} {{action}} {{result}}",
                ),
            ),
            width=8,
            empty="None failed",
            calm=True,
        ),
        Chart(
            "Drift",
            "Fields that hands changed, found and repaired within the hour before.",
            Kind.LINES,
            (Ask(seen("reconciler_drift_total", "event", _I), "{{event}}"),),
            width=8,
            colours=(("found", ORANGE), ("repaired", GREEN)),
        ),
    ),
)

_READS = Section(
    "Repository and probes",
    (
        Chart(
            "Length of a fetch",
            "Reading the repository.",
            Kind.LINES,
            _within("reconciler_source_fetch_duration_seconds", "", "1h"),
            unit="s",
            width=8,
            empty="Not read within the last hour",
        ),
        Chart(
            "Fetches that failed",
            "Within the hour before; the revision in force stays.",
            Kind.LINES,
            (Ask(f"sum(increase(reconciler_source_failures_total{{{_I}}}[1h]))", "failed"),),
            width=8,
            colours=(("failed", RED),),
        ),
        Chart(
            "Probes",
            "Probes per second that the daemon itself makes, where a target is set to that.",
            Kind.LINES,
            (
                Ask(
                    f"sum by (target) (rate(reconciler_probe_duration_seconds_count{{{_I}}}[$__rate_interval]))",
                    "{{target}}",
                ),
            ),
            unit="ops",
            width=8,
            empty="No target is probed from here",
            calm=True,
        ),
        Chart(
            "Length of a probe",
            "99 % of the probes ended within this.",
            Kind.LINES,
            (Ask(quantile(0.99, "reconciler_probe_duration_seconds", "target", _I), "{{target}}"),),
            unit="s",
            width=6,
            empty="No target is probed from here",
            calm=True,
        ),
        Chart(
            "Applied",
            "The commit of the last turn of each target that failed nowhere.",
            Kind.TABLE,
            (Ask(f"max by (target, revision) (reconciler_target_revision_info{{{_I}}})", "Applied", values=_YES),),
            width=6,
        ),
        Chart(
            "Leads",
            "Whether this daemon may write to the target; where two contend, one of them waits.",
            Kind.TIMELINE,
            (Ask(f"max by (instance, target) (reconciler_target_leads{{{_I}}})", "{{target}} ({{instance}})"),),
            width=6,
            values=YES_IS_GOOD,
        ),
        Chart(
            "Gaps",
            "Kinds of objects that the daemon may not look at, each in one namespace.",
            Kind.LINES,
            (Ask(f"max by (target) (reconciler_target_gaps{{{_I}}})", "{{target}}"),),
            width=6,
            steps=ANY_IS_ODD,
        ),
    ),
)

_COST = Section(
    "Cost",
    (
        Chart(
            "Memory",
            "Resident memory of the process.",
            Kind.LINES,
            (Ask(f"process_resident_memory_bytes and {_OURS}", "{{instance}}"),),
            unit="bytes",
            colours=(),
        ),
        Chart(
            "CPU",
            "Cores in use.",
            Kind.LINES,
            (Ask(f"rate(process_cpu_seconds_total[$__rate_interval]) and {_OURS}", "{{instance}}"),),
        ),
        Chart(
            "Open files",
            "File descriptors, and how many may be open.",
            Kind.LINES,
            (
                Ask(f"process_open_fds and {_OURS}", "open {{instance}}"),
                Ask(f"process_max_fds and {_OURS}", "allowed {{instance}}"),
            ),
        ),
        Chart(
            "Scrape",
            "How long the scrape of /metrics takes, and how many samples it has.",
            Kind.LINES,
            (Ask(f"scrape_duration_seconds and {_OURS}", "{{instance}}"),),
            unit="s",
            steps=((0, GREEN), (0.3, YELLOW), (1, RED)),
        ),
        Chart(
            "Samples",
            "Samples on the page, which grow with the number of services.",
            Kind.LINES,
            (Ask(f"scrape_samples_scraped and {_OURS}", "{{instance}}"),),
            width=24,
            height=5,
            colours=(("samples", BLUE),),
        ),
    ),
)

PAGE = Page(
    "reconciler-daemon",
    "Reconciler / Daemon",
    "The daemon itself: turns, actions, the repository, probes, the API, memory, the scrape.",
    (Variable("daemon", "Daemon", "reconciler_build_info", "instance"),),
    (_NOW, _TURNS, _READS, API, _COST),
    (COMMITS, STARTS),
    (("Table of the daemon", "/status"), ("Ready?", "/readyz")),
)
