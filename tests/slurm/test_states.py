from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.models.health import Health
from reconciler.models.workload import Cause, PendingClass, Phase, Workload
from reconciler.slurm.look.jobs import conflict, sort
from reconciler.slurm.look.workloads import Frame, limit_of, workload
from reconciler.slurm.mark import write
from tests.slurm.services import OWNER, mark
from tests.slurm.texts import NOW, RUNNING

FRAME = Frame("slurm", NOW)


def at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def see(note: str = "", frame: Frame = FRAME, **fields: str | int | None) -> Workload:
    """What is seen of a job of ours with this note and these fields."""
    comment = write(mark("web")) + (f" {note}" if note else "")
    record = RUNNING._replace(comment=comment)._replace(**fields)  # type: ignore[arg-type]  # fields by their names
    ((job,), _) = sort([record], OWNER)
    return workload(frame, job)


@pytest.mark.parametrize(
    ("note", "state", "why", "expected"),
    [
        ("", "RUNNING", "None", (Phase.RUNNING, Health.PROGRESSING, "has just been started")),
        ("n=a t=1000 h=starting", "RUNNING", "None", (Phase.RUNNING, Health.PROGRESSING, "starting")),
        ("n=a p=http:1 t=1000 h=ok", "RUNNING", "None", (Phase.RUNNING, Health.HEALTHY, "")),
        ("n=a h=ok", "RUNNING", "JobHeldAdmin", (Phase.RUNNING, Health.HEALTHY, "")),
        ("n=a t=999 h=ok", "RUNNING", "None", (Phase.RUNNING, Health.PROGRESSING, "has just been started")),
        ("n=a h=bad", "RUNNING", "None", (Phase.RUNNING, Health.DEGRADED, "its health probe fails")),
        (
            "n=a h=bad u=5 w=http-503@GET/health",
            "RUNNING",
            "None",
            (Phase.RUNNING, Health.DEGRADED, "its health probe fails: HTTP 503 (GET /health)"),
        ),
        (
            "n=a h=starting w=http-401@first:POST/v1",
            "RUNNING",
            "None",
            (Phase.RUNNING, Health.PROGRESSING, "starting; its first request fails: HTTP 401 (POST /v1)"),
        ),
        (
            "n=a h=late w=refused@tcp:http",
            "RUNNING",
            "None",
            (
                Phase.STOPPING,
                Health.DEGRADED,
                "was not healthy in time after its start; its health probe fails: connection refused (TCP http)",
            ),
        ),
        ("n=a h=ok w=refused", "RUNNING", "None", (Phase.RUNNING, Health.HEALTHY, "")),
        ("n=a h=stopping", "RUNNING", "None", (Phase.STOPPING, Health.PROGRESSING, "is stopping, as asked")),
        (
            "n=a h=expiring",
            "RUNNING",
            "None",
            (Phase.STOPPING, Health.PROGRESSING, "is stopping before its time limit"),
        ),
        ("n=a h=ok", "SUSPENDED", "None", (Phase.RUNNING, Health.DEGRADED, "suspended by Slurm")),
        ("n=a h=ok", "COMPLETING", "None", (Phase.STOPPING, Health.PROGRESSING, "is ending")),
        ("", "BRAND_NEW", "None", (Phase.RUNNING, Health.UNKNOWN, "Slurm says 'BRAND_NEW', which is not known")),
    ],
)
def test_a_living_job(note: str, state: str, why: str, expected: tuple[Phase, Health, str]) -> None:
    seen = see(note, state=state, why=why)
    assert (seen.phase, seen.health, seen.reason) == expected
    assert (seen.cause, seen.pending, seen.stuck) == (None, None, False)


@pytest.mark.parametrize(
    ("note", "state", "why", "cause", "health", "words"),
    [
        ("h=ok x=3", "FAILED", "NonZeroExitCode", Cause.EXIT, Health.FAILED, "ended with exit code 3"),
        ("h=ok x=0", "COMPLETED", "None", Cause.EXIT, Health.FAILED, "ended by itself with exit code 0"),
        ("h=ok x=137", "FAILED", "NonZeroExitCode", Cause.SIGNAL, Health.FAILED, "was ended by signal 9"),
        ("h=ok x=137", "FAILED", "OutOfMemory", Cause.MEMORY, Health.FAILED, "out of memory"),
        ("h=ok", "OUT_OF_MEMORY", "OutOfMemory", Cause.MEMORY, Health.FAILED, "out of memory"),
        ("h=ok", "FAILED", "JobLaunchFailure", Cause.SIGNAL, Health.FAILED, "its script was killed on the node"),
        ("h=ok", "FAILED", "RaisedSignal:9(Killed)", Cause.SIGNAL, Health.FAILED, "was ended by a signal"),
        ("", "FAILED", "JobLaunchFailure", Cause.LAUNCH, Health.FAILED, "could not be launched"),
        ("h=starting x=78", "FAILED", "NonZeroExitCode", Cause.LAUNCH, Health.FAILED, "could not be made ready"),
        ("h=starting x=127", "FAILED", "NonZeroExitCode", Cause.LAUNCH, Health.FAILED, "its program was not found"),
        ("h=late x=143", "FAILED", "NonZeroExitCode", Cause.UNHEALTHY, Health.FAILED, "was not healthy in time"),
        ("h=late", "CANCELLED", "None", Cause.UNHEALTHY, Health.FAILED, "was not healthy in time"),
        (
            *("h=late x=1 w=timeout@GET/", "FAILED", "NonZeroExitCode", Cause.UNHEALTHY, Health.FAILED),
            "was not healthy in time after its start; its health probe fails: no answer in time (GET /)",
        ),
        (
            *("h=starting x=78 w=no-curl", "FAILED", "NonZeroExitCode", Cause.LAUNCH, Health.FAILED),
            "could not be made ready: there is no curl on its node, which this probe needs",
        ),
        ("h=stopping x=143", "FAILED", "NonZeroExitCode", Cause.STOPPED, Health.SUSPENDED, "was stopped, as asked"),
        ("h=stopping x=0", "COMPLETED", "None", Cause.STOPPED, Health.SUSPENDED, "was stopped, as asked"),
        ("h=expiring x=0", "COMPLETED", "None", Cause.EXPIRED, Health.DEGRADED, "stopped before its time limit"),
        ("h=stopping", "CANCELLED", "None", Cause.CANCELLED, Health.SUSPENDED, "was cancelled"),
        ("h=expiring", "TIMEOUT", "TimeLimit", Cause.TIME_LIMIT, Health.DEGRADED, "its time limit was reached"),
        ("h=ok", "NODE_FAIL", "NodeDown", Cause.NODE, Health.DEGRADED, "its node failed"),
        ("h=stopping", "PREEMPTED", "None", Cause.PREEMPTED, Health.DEGRADED, "was preempted"),
        ("", "BOOT_FAIL", "None", Cause.SITE, Health.FAILED, "its node could not be booted"),
        ("", "DEADLINE", "DeadLine", Cause.SITE, Health.FAILED, "its deadline was reached"),
        ("", "FAILED", "SystemFailure", Cause.SITE, Health.FAILED, "failed by a fault of Slurm"),
        ("", "FAILED", "Odd", Cause.EXIT, Health.FAILED, "failed (Odd)"),
    ],
)
def test_an_ended_job_has_a_cause(note: str, state: str, why: str, cause: Cause, health: Health, words: str) -> None:
    seen = see(f"n=a t=1000 {note}" if note else "", state=state, why=why)
    assert (seen.phase, seen.cause, seen.health) == (Phase.ENDED, cause, health)
    assert seen.reason.startswith(words)
    assert ("; log: web.0-7.out" in seen.reason) == (health is Health.FAILED)


CLASSES = {
    PendingClass.WAITING: """
        None WaitingForScheduling Priority Resources BeginTime Dependency Licenses Prolog Cleaning QOSJobLimit
        QOSResourceLimit QOSTimeLimit QOSUsageThreshold QOSGrpCpuLimit QOSGrpGRES QOSMaxJobsPerUserLimit
        QOSMaxCpuPerUserLimit QOSMaxGRESPerUser MaxJobsPerAccount MaxGRESPerAccount AssocGrpCpuLimit AssocGrpMem
        AssocMaxJobsLimit AssociationJobLimit AssociationResourceLimit AssociationTimeLimit AccountingPolicy
        BurstBufferStageIn JobArrayTaskLimit FedJobLock SomethingNew
    """,
    PendingClass.RESERVED: """
        Reservation ReqNodeNotAvail ReqNodeNotAvail,_Reserved_for_maintenance NodeDown PartitionDown
        PartitionInactive FrontEndDown Nodes_required_for_job_are_DOWN,_DRAINED_or_reserved
    """,
    PendingClass.HELD: """
        JobHeldUser JobHeldAdmin JobHoldMaxRequeue ReservationDeleted job_requeued_in_held_state
        launch_failed_requeued_held
    """,
    PendingClass.BLOCKED: """
        BadConstraints PartitionTimeLimit PartitionNodeLimit PartitionConfig InvalidAccount InvalidQOS DeadLine
        AccountNotAllowed QOSNotAllowed DependencyNeverSatisfied QOSMaxCpuPerJobLimit QOSMaxMemoryPerNode
        QOSMaxWallDurationPerJobLimit QOSMaxCpuMinutesPerJobLimit QOSMinCpuNotSatisfied QOSMinGRES
        AssocMaxCpuPerJobLimit AssocMaxWallDurationPerJobLimit AssocMaxGRESPerNode MaxMemPerLimit
    """,
}
HEALTH = {PendingClass.HELD: Health.DEGRADED, PendingClass.BLOCKED: Health.FAILED}


@pytest.mark.parametrize(
    ("pending", "why"), [(pending, why) for pending in CLASSES for why in CLASSES[pending].split()]
)
def test_a_pending_job_has_a_class(pending: PendingClass, why: str) -> None:
    seen = see(state="PENDING", why=why)
    assert (seen.phase, seen.pending, seen.health) == (Phase.PENDING, pending, HEALTH.get(pending, Health.PENDING))
    assert why in seen.reason


@pytest.mark.parametrize(
    ("why", "words"),
    [
        ("Resources", "waiting: for free resources (Resources)"),
        ("JobHeldUser", "held: by the user; `scontrol release` frees it (JobHeldUser)"),
        ("PartitionTimeLimit", "blocked for ever: its time is above the partition's limit (PartitionTimeLimit)"),
        ("Maint", "reserved: its nodes are reserved for maintenance before it would end (Maint)"),
        ("SomethingNew", "waiting: SomethingNew"),
    ],
)
def test_a_pending_job_says_what_it_waits_for(why: str, words: str) -> None:
    assert see(state="PENDING", why=why).reason == words


@pytest.mark.parametrize("state", ["REQUEUE_HOLD", "SPECIAL_EXIT", "RESV_DEL_HOLD"])
def test_a_state_may_say_that_a_job_is_held(state: str) -> None:
    seen = see(state=state)
    assert (seen.phase, seen.pending, seen.health) == (Phase.PENDING, PendingClass.HELD, Health.DEGRADED)


@pytest.mark.parametrize(
    ("state", "why", "stuck"),
    [
        ("PENDING", "JobHoldMaxRequeue", True),
        ("REQUEUE_HOLD", "JobHoldMaxRequeue", True),
        ("PENDING", "launch failed requeued held", True),
        ("PENDING", "launch_failed_requeued_held", True),
        ("PENDING", "DependencyNeverSatisfied", True),
        ("PENDING", "JobHeldUser", False),
        ("PENDING", "PartitionTimeLimit", False),
        ("RUNNING", "JobHoldMaxRequeue", False),
    ],
)
def test_a_stuck_job_will_never_start(state: str, why: str, stuck: bool) -> None:
    assert see(state=state, why=why).stuck is stuck


def test_a_requeued_job_is_the_same_job_and_its_old_report_counts_for_nothing() -> None:
    seen = see("n=a p=http:1 t=1000 h=ok u=1001", state="PENDING", why="BeginTime", start=1200, end=None)
    assert seen.reason == "was requeued by Slurm (node failure or preemption); waiting: for its begin time (BeginTime)"
    assert (seen.id, seen.health, seen.endpoints, seen.stopping) == ("7", Health.PENDING, (), None)
    assert seen.note == "n=a p=http:1 t=1000 h=ok u=1001"
    again = see("n=a p=http:1 t=900 h=stopping u=950", start=1000)
    assert (again.phase, again.endpoints, again.stopping) == (Phase.RUNNING, (), None)


def test_a_running_job_has_its_times_and_endpoints() -> None:
    seen = see("n=node7 p=http:20012,grpc:20013 t=1000 h=ok")
    assert (seen.since, seen.deadline, seen.limit) == (at(1000), at(4600), timedelta(hours=1))
    assert seen.endpoints == (("http", "node7:20012"), ("grpc", "node7:20013"))


@pytest.mark.parametrize(("since", "stopping"), [(" u=1050", 1050), ("", 1000)])
@pytest.mark.parametrize("stage", ["stopping", "expiring", "late"])
def test_a_job_that_ends_by_itself_says_since_when(stage: str, since: str, stopping: int) -> None:
    seen = see(f"n=a p=http:1 t=1000 h={stage}{since}")
    assert (seen.phase, seen.stopping, seen.since) == (Phase.STOPPING, at(stopping), at(stopping))
    assert (seen.deadline, seen.endpoints) == (None, ())
    assert see(f"n=a t=1000 h={stage}{since}", state="COMPLETING", end=1060).stopping is None


@pytest.mark.parametrize(
    ("note", "lasted"),
    [
        ("n=a t=1000 h=ok u=1200 x=1", 800.0),
        ("n=a h=ok u=900", 1000.0),
        ("n=a t=1000 h=ok", 1000.0),
        ("n=a t=1000 h=ok u=99999", 0.0),
        ("n=a t=1000 h=bad u=1200", 0.0),
        ("n=a t=1000 h=stopping u=1200", 0.0),
        ("n=a t=900 h=ok u=950", 0.0),
        ("", 0.0),
    ],
)
def test_an_ended_job_says_how_long_it_had_been_healthy(note: str, lasted: float) -> None:
    assert see(note, state="NODE_FAIL", end=2000).lasted == lasted


@pytest.mark.parametrize(("start", "expected"), [(1200, at(1200)), (1050, None), (None, None)])
def test_a_start_is_expected_only_in_the_future(start: int | None, expected: datetime | None) -> None:
    assert see(state="PENDING", why="Priority", start=start).expected == expected


def test_a_job_that_runs_for_long_without_a_word_says_so() -> None:
    assert see(frame=Frame("slurm", at(1115))).reason == "has just been started"
    silent = see(frame=Frame("slurm", at(1125)))
    assert (silent.phase, silent.health) == (Phase.RUNNING, Health.PROGRESSING)
    assert "cannot write its comment" in silent.reason


def test_all_times_are_by_this_machines_clock() -> None:
    ahead = Frame("slurm", at(1100 - 3600), offset=3600)
    running = see("n=a t=1000 h=stopping u=1050", frame=ahead)
    assert running.stopping == at(1050 - 3600)
    assert see(frame=ahead).deadline == at(4600 - 3600)
    assert see(state="PENDING", why="Priority", start=1200, frame=ahead).expected == at(1200 - 3600)
    assert see(state="PENDING", why="Priority", start=1050, frame=ahead).expected is None
    assert "cannot write" not in see(frame=ahead).reason


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("5:00", timedelta(minutes=5)),
        ("01:02:03", timedelta(hours=1, minutes=2, seconds=3)),
        ("2-03:04:05", timedelta(days=2, hours=3, minutes=4, seconds=5)),
        ("365-00:00:00", timedelta(days=365)),
        *((word, None) for word in ("UNLIMITED", "NOT_SET", "INVALID", "", "5", "1-5:00", "٣:00", "9" * 30 + ":00")),
    ],
)
def test_a_time_limit_is_read(text: str, limit: timedelta | None) -> None:
    assert limit_of(text) == limit


@given(st.text(), st.text(), st.text())
def test_any_words_of_slurm_make_a_workload(state: str, why: str, note: str) -> None:
    seen = see(note, state=state, why=why)
    assert seen.phase is not Phase.ENDED or seen.cause is not None
    assert (seen.phase is Phase.PENDING) == (seen.pending is not None)


@pytest.mark.parametrize(
    ("name", "comment"), [("other.0", write(mark("web"))), ("web.0", write(mark("web")).replace(OWNER, "b"))]
)
def test_a_job_with_a_copied_mark_is_not_ours(name: str, comment: str) -> None:
    assert sort([RUNNING._replace(name=name, comment=comment)], OWNER)[0] == []


@pytest.mark.parametrize(
    ("state", "job", "comment", "replica"),
    [
        ("RUNNING", "7", "(null)", 3),
        ("PENDING", "7", "rec1 o=factory-a", 3),
        ("RUNNING", "7", write(mark("db")), 3),
        ("RUNNING", "7", write(mark("web", 3)).replace(OWNER, "b"), None),
        ("PENDING", "7_[1-3]", write(mark("web", 3)), None),
    ],
)
def test_what_has_a_name_of_ours_is_a_conflict(state: str, job: str, comment: str, replica: int | None) -> None:
    found = conflict(RUNNING._replace(id=job, state=state, name="web.3", comment=comment), OWNER)
    assert found is not None
    assert (found.service, found.replica) == ("web", replica)
    assert f"`scancel {job}` ends it" in found.what


def test_an_ended_job_of_others_is_no_conflict() -> None:
    assert conflict(RUNNING._replace(state="COMPLETED", comment="(null)"), OWNER) is None


def test_jobs_of_one_replica_are_in_the_order_of_their_submission() -> None:
    jobs, _ = sort([RUNNING._replace(submit=submit, comment=write(mark("web"))) for submit in (5, 3, None)], OWNER)
    assert sorted(job.order for job in jobs) == [(0, 0, 0), (3, 0, 0), (5, 0, 0)]
