from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.errors import LookError
from reconciler.models.health import Health
from reconciler.models.workload import Conflict, Observed, Phase
from reconciler.slurm.mark import write
from reconciler.slurm.squeue import format_for, parse
from tests.slurm.services import OWNER, mark

RECORDING = (Path(__file__).parent / "recordings" / "hostile.txt").read_text()
TOKEN = "5ca1ab1e5ca1ab1e"
NOW = datetime(2026, 11, 24, 7, 30, tzinfo=UTC)
FIELDS = {"id": "7", "state": "RUNNING", "why": "None", "host": "n1", "start": "1000", "end": "4600", "submit": "900"}


def look(text: str) -> Observed:
    return parse(text, TOKEN, OWNER, "slurm", NOW)


def record(name: str, comment: str, **fields: str) -> str:
    return TOKEN + TOKEN.join([*(FIELDS | fields).values(), name, comment]) + TOKEN + "\n"


def ours(report: str = "", **fields: str) -> str:
    return record("web.0", write(mark("web")) + report, **fields)


def test_hostile_records_change_nothing_for_ours() -> None:
    seen = {workload.mark.service: workload for workload in look(RECORDING).workloads}
    assert {name: (one.phase, one.health, one.reason.partition("; log:")[0]) for name, one in seen.items()} == {
        "later": (Phase.ENDED, Health.SUSPENDED, "was cancelled"),
        "web": (Phase.ENDED, Health.SUSPENDED, "was stopped, as asked"),
        "web2": (Phase.ENDED, Health.SUSPENDED, "was stopped, as asked"),
        "fails": (Phase.ENDED, Health.FAILED, "ended with exit code 1"),
        "late": (Phase.ENDED, Health.FAILED, "was not healthy in time after its start"),
    }
    assert seen["web"].lasted == 7.0


def test_jobs_of_others_with_our_names_are_conflicts() -> None:
    assert look(RECORDING).conflicts == tuple(
        Conflict(service, f"job {job} has the name {name} and does not bear our mark")
        for service, job, name in [("db", "26_[1-3]", "db.1"), ("web", "20", "web.0"), ("web", "22", "web.0")]
    )


def test_an_ended_job_of_others_is_no_conflict() -> None:
    assert look(record("web.0", "(null)", state="COMPLETED")).conflicts == ()


@pytest.mark.parametrize("cut", range(1, len(ours()), 7))
def test_a_text_that_was_cut_is_no_look(cut: int) -> None:
    with pytest.raises(LookError, match="cut or mixed"):
        look(ours()[:-cut])


@pytest.mark.parametrize("text", ["Welcome!\n" + ours(), ours() + "Bye\n", ours() + "\n", "CLUSTER: lab\n"])
def test_a_text_mixed_with_other_lines_is_no_look(text: str) -> None:
    with pytest.raises(LookError, match="cut or mixed"):
        look(text)


def test_nothing_is_a_whole_look() -> None:
    assert look("") == Observed("slurm", NOW, complete=True)


@given(st.text(), st.text())
def test_no_text_of_others_forges_or_splits_a_record(name: str, comment: str) -> None:
    seen = look(ours() + record(name.replace(TOKEN, ""), comment.replace(TOKEN, "")) + ours())
    assert [workload.id for workload in seen.workloads] == ["7", "7"]


@pytest.mark.parametrize(
    ("report", "fields", "expected"),
    [
        ("", {}, (Phase.RUNNING, Health.PROGRESSING, "has just been started")),
        (" n=a h=starting", {}, (Phase.RUNNING, Health.PROGRESSING, "starting")),
        (" n=a p=http:1 h=ok", {}, (Phase.RUNNING, Health.HEALTHY, "")),
        (" n=a h=bad", {}, (Phase.RUNNING, Health.DEGRADED, "its health probe fails")),
        (" n=a h=stopping", {}, (Phase.STOPPING, Health.PROGRESSING, "is stopping, as asked")),
        (" n=a h=ok", {"state": "SUSPENDED"}, (Phase.RUNNING, Health.DEGRADED, "suspended by Slurm")),
        (" n=a h=ok", {"state": "COMPLETING"}, (Phase.STOPPING, Health.PROGRESSING, "is ending")),
        (" n=a h=ok x=3", {"state": "FAILED"}, (Phase.ENDED, Health.FAILED, "ended with exit code 3")),
        (" n=a h=ok x=137", {"state": "FAILED"}, (Phase.ENDED, Health.FAILED, "was ended by signal 9")),
        (
            " n=a h=starting x=127",
            {"state": "FAILED"},
            (Phase.ENDED, Health.FAILED, "its program was not found (exit code 127)"),
        ),
        ("", {"state": "FAILED", "why": "Odd"}, (Phase.ENDED, Health.FAILED, "failed (Odd)")),
        (" n=a h=ok x=0", {"state": "COMPLETED"}, (Phase.ENDED, Health.FAILED, "ended by itself with exit code 0")),
        (" n=a h=expiring", {"state": "TIMEOUT"}, (Phase.ENDED, Health.DEGRADED, "its time limit was reached")),
        (" n=a h=expiring", {"state": "FAILED"}, (Phase.ENDED, Health.DEGRADED, "stopped before its time limit")),
        (" n=a h=ok", {"state": "NODE_FAIL"}, (Phase.ENDED, Health.DEGRADED, "its node failed")),
        ("", {"state": "BRAND_NEW"}, (Phase.RUNNING, Health.UNKNOWN, "Slurm says 'BRAND_NEW', which is not known")),
    ],
)
def test_state_and_report_make_a_verdict(
    report: str, fields: dict[str, str], expected: tuple[Phase, Health, str]
) -> None:
    (seen,) = look(ours(report, **fields)).workloads
    assert (seen.phase, seen.health, seen.reason.partition("; log:")[0]) == expected


def test_a_failed_job_names_its_log_and_others_do_not() -> None:
    (failed,) = look(ours(" n=a h=ok x=3", state="FAILED")).workloads
    assert failed.reason == "ended with exit code 3; log: web.0-7.out"
    (stopped,) = look(ours(" n=a h=stopping x=3", state="FAILED")).workloads
    assert stopped.reason == "was stopped, as asked"


@pytest.mark.parametrize(
    ("why", "words"),
    [
        ("Resources", "waiting: for free resources (Resources)"),
        ("JobHeldUser", "held: by the user; `scontrol release` frees it (JobHeldUser)"),
        ("PartitionTimeLimit", "blocked for ever: its time is above the partition's limit (PartitionTimeLimit)"),
        ("QOSMaxJobsPerUserLimit", "waiting: for a limit of the QOS (QOSMaxJobsPerUserLimit)"),
        ("SomethingNew", "waiting: SomethingNew"),
    ],
)
def test_a_pending_job_says_what_it_waits_for(why: str, words: str) -> None:
    (seen,) = look(ours(state="PENDING", why=why)).workloads
    assert (seen.phase, seen.health, seen.reason) == (Phase.PENDING, Health.PENDING, words)


def test_a_running_job_has_its_times_and_endpoints() -> None:
    (seen,) = look(ours(" n=node7 p=http:20012,grpc:20013 h=ok")).workloads
    assert (seen.since, seen.deadline) == (datetime.fromtimestamp(1000, UTC), datetime.fromtimestamp(4600, UTC))
    assert seen.endpoints == (("http", "node7:20012"), ("grpc", "node7:20013"))


@pytest.mark.parametrize("time", ["N/A", "NONE", "Unknown", "INVALID", "", "0", "-5", "9" * 30, "٣"])
def test_a_time_that_is_none_is_none(time: str) -> None:
    (seen,) = look(ours(start=time, end=time)).workloads
    assert (seen.since, seen.deadline) == (None, None)


def test_a_job_with_a_copied_mark_is_not_ours() -> None:
    assert look(record("other.0", write(mark("web")))).workloads == ()


def test_the_format_has_the_foreign_fields_last() -> None:
    assert format_for("T") == "T%iT%TT%rT%BT%ST%eT%VT%jT%kT"
