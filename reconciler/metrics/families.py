"""Every metric there is, in the order of the page. docs/metrics.md is made from this, and tests hold both to it.

Bounds are given in the words of the settings: services and targets are what makes them large.
"""

from __future__ import annotations

from typing import Final, Literal

from reconciler.board import ACTIONS, BUCKETS, RESTART_REASONS, RESULTS
from reconciler.board.tallies import START_BUCKETS, WAIT_BUCKETS
from reconciler.metrics import visits
from reconciler.metrics.exposition import Family
from reconciler.models.health import Health
from reconciler.models.labels import MOST
from reconciler.models.status import State
from reconciler.models.workload import Cause, PendingClass

#: Most instances of one service that are shown, and most managers that undo repairs.
MOST_INSTANCES, MOST_MANAGERS = 64, 8

_FAMILIES: list[Family] = []
_SERVICE = ("service", "target")
_EACH = "1 for each service"
_LESS = "at most 1 for each service"
_Kind = Literal["gauge", "counter", "histogram"]


def _family(name: str, kind: _Kind, labels: tuple[str, ...], bound: str, words: str) -> Family:
    family = Family(f"reconciler_{name}", kind, labels, bound, words)
    _FAMILIES.append(family)
    return family


def _service(name: str, words: str, *more: str, bound: str = _EACH, kind: _Kind = "gauge") -> Family:
    return _family(f"service_{name}", kind, (*_SERVICE, *more), bound, words)


STATE: Final = _service(
    "state", "1 for the state that the service is in.", "state", bound=f"{len(State)} for each service"
)
HEALTH: Final = _service(
    "health", "1 for the health that the service has.", "health", bound=f"{len(Health)} for each service"
)
INFO: Final = _service(
    "info",
    "1: the recipe, the kind of platform, and the commit that what runs was deployed from.",
    "recipe",
    "revision",
    "platform",
)
LABELS: Final = _service(
    "labels",
    f"1: the labels of the service, metadata.labels of its file; the first {MOST} by name.",
    "label_<name>",
    bound=_LESS,
)
REPLICAS: Final = _service("replicas", "Replicas that are wanted.")
READY: Final = _service("replicas_ready", "Replicas that are healthy.")
FROZEN: Final = _service("frozen", "1: its file is bad, an older version is in force.")
SINCE: Final = _service("state_since_seconds", "When it entered its state, since the epoch.")
EXPECTED: Final = _service(
    "expected_start_seconds",
    "When the platform expects the start of the replica that is furthest behind, since the epoch; no series where it"
    " does not say.",
    bound=_LESS,
)
ATTEMPT: Final = _service("attempt", "Failed starts in a row of what is not healthy yet.")
DRIFT_NOW: Final = _service("drift", "Fields that were changed by hand and are not repaired.")
GENERATION: Final = _service("generation", "Hand-overs to a successor, of the replica with the most.")
LOOPING: Final = _service("crash_looping", "1: it fails again and again right after its start.")
UNHEALTHY: Final = _service(
    "unhealthy_since_seconds",
    "Since when the replica that has been unhealthy longest is so, since the epoch; no series while none is.",
    bound=_LESS,
)
AVAILABILITY: Final = _service(
    "availability",
    "Share (0 to 1) of the time in which the service was healthy, since the daemon first saw it wanted. Time in which"
    " it was suspended or its target was not seen counts neither way.",
    bound=_LESS,
)
REMAINING: Final = _service(
    "walltime_remaining_seconds",
    "Seconds until the first time limit of a healthy replica; no series where there is none.",
    bound=_LESS,
)
PENDING: Final = _service(
    "pending",
    "1 for what a replica waits for, of which nothing runs: waiting (passes by itself), reserved (until the site is"
    " open), held (by somebody's hand), blocked (for ever). No series where nothing is pending.",
    "class",
    bound=_LESS,
)
ENDED: Final = _service("last_end_info", "1: why the last workload of the service ended.", "cause", bound=_LESS)
FIGHT: Final = _service(
    "fight",
    "1 for each manager that undoes repairs of the service again and again; no series where nobody does.",
    "manager",
    bound=f"at most {MOST_MANAGERS} for each service",
)
ENDPOINT: Final = _service(
    "endpoint_up",
    "1: this running instance (a Slurm job or a pod) is healthy, by the platform and by its probe.",
    "replica",
    "instance",
    bound=f"1 for each running instance, at most {MOST_INSTANCES} for each service",
)
RESTARTS: Final = _service(
    "restarts_total",
    "Restarts of replicas since the start of the daemon, by reason.",
    "reason",
    bound=f"{len(RESTART_REASONS)} for each service",
    kind="counter",
)
RENEWALS: Final = _service(
    "renewals_total",
    "Successors that were submitted because of a time limit, since the start of the daemon.",
    kind="counter",
)
ENDS: Final = _family(
    "workload_ends_total",
    "counter",
    (*_SERVICE, "cause"),
    f"at most {len(Cause)} for each service",
    "Workloads that ended since the start of the daemon, by cause.",
)
DRIFT: Final = _family(
    "drift_total",
    "counter",
    (*_SERVICE, "event"),
    "2 for each service",
    "Fields changed by hand since the start of the daemon: found, and repaired.",
)
STARTS: Final = _family(
    "service_start_duration_seconds",
    "histogram",
    ("target", "recipe"),
    f"{len(START_BUCKETS) + 3} for each recipe in use on a target",
    "Time from when a workload left the queue, or its content was changed in place, until a look found it healthy.",
)
WAITS: Final = _family(
    "service_queue_wait_seconds",
    "histogram",
    ("target",),
    f"{len(WAIT_BUCKETS) + 3} for each target",
    "Time from when a workload was handed over until it left the queue; the wait between two attempts counts, too.",
)

UP: Final = _family(
    "target_up",
    "gauge",
    ("target", "kind"),
    "1 for each target",
    "1: the last look at the target was complete; 0 also before the first one.",
)
AGE: Final = _family(
    "target_look_age_seconds", "gauge", ("target",), "1 for each target", "Age of the last complete look."
)
APPLIED: Final = _family(
    "target_revision_info",
    "gauge",
    ("target", "revision"),
    "1 for each target",
    "1: the commit of the last turn that failed nowhere.",
)
GAPS: Final = _family(
    "target_gaps",
    "gauge",
    ("target",),
    "1 for each target",
    "Kinds of objects, each in one namespace, that cannot be looked at.",
)
CLASSES: Final = _family(
    "target_pending",
    "gauge",
    ("target", "class"),
    f"{len(PendingClass)} for each target",
    "Services that are pending on the target, by class.",
)
JOBS: Final = _family(
    "target_jobs",
    "gauge",
    ("target", "phase"),
    "3 for each target",
    "Workloads of ours on the target (Slurm jobs, or groups of Kubernetes objects), by phase.",
)
GPUS: Final = _family(
    "target_gpus",
    "gauge",
    ("target", "use"),
    "2 for each target",
    "GPUs of our workloads on the target: used by those that run, requested by those that wait.",
)
LEADS: Final = _family(
    "target_leads", "gauge", ("target",), "1 for each target", "1: this daemon may write to the target."
)
HELD_RESTARTS: Final = _family(
    "target_restarts_held",
    "gauge",
    ("target",),
    "1 for each target",
    "1: unhealthy services are not restarted, as so many became so at once that it is no fault of theirs.",
)
PROBES: Final = _family(
    "probe_duration_seconds",
    "histogram",
    ("target",),
    f"{len(BUCKETS) + 3} for each target where the daemon itself probes",
    "Length of a probe that the daemon made, whatever came of it.",
)

SOURCE_UP: Final = _family("source_up", "gauge", (), "1", "1: the repository could be read at the last try.")
ERRORS: Final = _family("source_errors", "gauge", (), "1", "What is wrong in the files of the revision in force.")
FROZEN_SERVICES: Final = _family(
    "source_frozen_services", "gauge", (), "1", "Services that run from an older version of their file."
)
HELD_REMOVALS: Final = _family(
    "source_held_removals",
    "gauge",
    (),
    "1",
    "Services that nobody wants any more, and that go on because their removal waits for a commit that allows it.",
)
REVISION: Final = _family("source_revision_info", "gauge", ("revision",), "at most 1", "1: the revision in force.")
COMMITTED: Final = _family(
    "source_revision_time_seconds",
    "gauge",
    (),
    "at most 1",
    "When the revision in force was committed, since the epoch.",
)
FETCHED: Final = _family(
    "source_last_success_timestamp_seconds",
    "gauge",
    (),
    "at most 1",
    "When the repository was last read without a failure, since the epoch.",
)
VERIFIED: Final = _family(
    "source_verified",
    "gauge",
    (),
    "at most 1",
    "1: the signature of the revision in force is good; no series where signatures are not asked for.",
)
FAILURES: Final = _family("source_failures_total", "counter", (), "1", "Times that the repository could not be read.")
FETCHES: Final = _family(
    "source_fetch_duration_seconds",
    "histogram",
    (),
    f"{len(BUCKETS) + 3}",
    "Time to ask the repository for its head and to fetch what is new, whatever came of it.",
)

TURNS: Final = _family(
    "turn_duration_seconds", "histogram", ("target",), f"{len(BUCKETS) + 3} for each target", "Length of a turn."
)
TOOK: Final = _family(
    "action_duration_seconds",
    "histogram",
    ("target", "action"),
    f"{(len(BUCKETS) + 3) * len(ACTIONS)} for each target at most",
    "Length of an action on a target, whatever came of it.",
)
DONE: Final = _family(
    "actions_total",
    "counter",
    ("target", "action", "result"),
    f"{len(ACTIONS) * len(RESULTS)} for each target",
    "Actions on targets by kind and result: ok, failed, waiting (for what passes by itself).",
)
BUILD: Final = _family(
    "build_info", "gauge", ("version", "python"), "1", "1: the version of Reconciler, and that of Python."
)

_PROCESS: tuple[tuple[str, _Kind, str], ...] = (
    ("virtual_memory_bytes", "gauge", "Virtual memory size in bytes."),
    ("resident_memory_bytes", "gauge", "Resident memory size in bytes."),
    ("start_time_seconds", "gauge", "Start time of the process since unix epoch in seconds."),
    ("cpu_seconds_total", "counter", "Total user and system CPU time spent in seconds."),
    ("open_fds", "gauge", "Number of open file descriptors."),
    ("max_fds", "gauge", "Maximum number of open file descriptors."),
)
#: All of them. Those of the process are written by the client library.
FAMILIES: tuple[Family, ...] = (
    *_FAMILIES,
    *visits.FAMILIES,
    *(Family(f"process_{name}", kind, (), "1", words) for name, kind, words in _PROCESS),
)
