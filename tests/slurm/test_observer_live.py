"""The look at the lab's real Slurm: what others write, what is damaged, and answers that are not whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

from lab.lab import Lab
from lab.slurm import SlurmFacts
from lab.wait import until
from reconciler.models.health import Health
from reconciler.models.workload import Observed, PendingClass, Phase, Workload
from reconciler.settings import LocalTransport
from reconciler.slurm import SlurmCommands, SlurmObserver
from reconciler.slurm.mark import write
from tests.slurm.services import OWNER, mark

pytestmark = pytest.mark.slurm
_SECONDS = 30.0
_numbers = count()


@dataclass
class Site:
    """The lab's Slurm, with jobs of a test on it."""

    facts: SlurmFacts
    observer: SlurmObserver

    def submit(self, *options: str, script: str = "sleep 120") -> str:
        """A job that does nothing; its id."""
        fixed = ("--parsable", "--mem=16M", "--chdir=/", "--output=/dev/null")
        return self.facts.command("sbatch", *fixed, *options, f"--wrap={script}").strip()

    def ours(self, *options: str, note: str = "", script: str = "sleep 120") -> tuple[str, str]:
        """A job with our mark and a note behind it; the service's name and the id."""
        service = f"look{next(_numbers)}"
        comment = f"{write(mark(service))} {note}".strip()
        job = self.submit(f"--job-name={service}.0", f"--comment={comment}", *options, script=script)
        return service, job

    def look(self) -> Observed:
        seen = self.observer.look()
        assert seen.complete, seen.why
        return seen

    def of(self, service: str) -> Workload:
        (seen,) = (one for one in self.look().workloads if one.mark.service == service)
        return seen

    def wait(self, service: str, what: Callable[[Workload], bool]) -> Workload:
        until(lambda: what(self.of(service)), _SECONDS, f"{service} gets there")
        return self.of(service)

    def update(self, job: str, *words: str) -> None:
        self.facts.command("scontrol", "update", f"JobId={job}", *words)


@pytest.fixture
def site(lab_slurm: Lab) -> Iterator[Site]:
    facts = lab_slurm.slurm
    made = Site(facts, observer_of(facts))
    yield made
    facts.command("scancel", "--quiet", "--user", facts.user)
    until(
        lambda: not facts.command("squeue", "--me", "--noheader", "--format=%A").strip(),
        _SECONDS,
        "all jobs have ended",
    )


def observer_of(facts: SlurmFacts, folder: Path | None = None, timeout: float = 30.0) -> SlurmObserver:
    """`folder`: other commands than Slurm's own."""
    transport = LocalTransport(conf=facts.conf, bin=folder or facts.bin)
    return SlurmObserver("slurm", OWNER, SlurmCommands(transport, timeout), facts.logs)


def is_running(workload: Workload) -> bool:
    return workload.phase is Phase.RUNNING


HOSTILE = ["a\nb", "\x1e", "\x1f" * 9, "(null)", "INVALID", "%i%T", "|;,\t", "\x1e99\x1fRUNNING\x1fNone", "ünï 数据"]


def test_no_text_of_others_gets_into_the_fields_of_slurm(site: Site) -> None:
    service, job = site.ours(note="n=a t=1 h=ok")
    for text in HOSTILE:
        site.submit(f"--job-name={text}", f"--comment={text}")
        site.submit("--hold", f"--job-name={text}", f"--comment={write(mark(service))}\n{text}")
        site.submit(f"--job-name={service}.0 {text}", f"--comment={write(mark(service))}", script="exit 1")
    assert site.wait(service, is_running).id == job
    assert len(site.look().conflicts) == 0
    assert len(site.facts.command("squeue", "--me", "--states=all", "--noheader", "--format=%i").split()) > 27


def test_a_comment_that_is_changed_by_hand_is_known_from_the_look_before(site: Site) -> None:
    service, job = site.ours()
    before = site.wait(service, is_running)
    for comment in ("", "look at this", "\n"):
        site.update(job, f"Comment={comment}")
        after = site.of(service)
        assert (after.id, after.mark, after.marked, after.phase) == (job, before.mark, False, Phase.RUNNING)
    (conflict,) = observer_of(site.facts).look().conflicts
    assert (conflict.service, conflict.replica) == (service, 0)
    site.update(job, f"Comment={write(before.mark)}")
    assert site.of(service).marked


def test_slurms_own_times_limit_and_reasons(site: Site) -> None:
    running, _ = site.ours("--time=5")
    later, _ = site.ours("--time=1-00:00:00", "--begin=now+600")
    held, _ = site.ours("--hold")
    blocked, _ = site.ours("--partition=short", "--time=60")
    seen = site.wait(running, is_running)
    assert seen.since is not None
    assert seen.deadline is not None
    assert abs((seen.deadline - seen.since).total_seconds() - 300) <= 60
    assert seen.limit is not None
    assert seen.limit.total_seconds() == 300
    seen = site.of(later)
    assert (seen.pending, seen.limit and seen.limit.days) == (PendingClass.WAITING, 1)
    assert seen.expected is not None
    assert (site.of(held).pending, site.of(held).health) == (PendingClass.HELD, Health.DEGRADED)
    seen = site.wait(blocked, lambda one: one.pending is PendingClass.BLOCKED)
    assert (seen.phase, seen.health, seen.stuck) == (Phase.PENDING, Health.FAILED, False)


def test_a_job_that_waits_for_what_never_comes_is_stuck(site: Site) -> None:
    fails, job = site.ours("--begin=now+600")
    waits, _ = site.ours(f"--dependency=afterok:{job}")
    site.of(fails)
    site.facts.command("scancel", job)
    assert site.wait(waits, lambda one: one.stuck).pending is PendingClass.BLOCKED


def test_a_requeued_job_is_the_same_job_without_its_old_report(site: Site) -> None:
    service, job = site.ours("--requeue", "--time=5")
    start = site.wait(service, is_running).since
    assert start is not None
    report = f"n=a p=http:1 t={int(start.timestamp())} h=ok u=1"
    site.update(job, f"Comment={write(mark(service))} {report}")
    assert (site.of(service).health, site.of(service).endpoints) == (Health.HEALTHY, (("http", "a:1"),))
    site.facts.command("scontrol", "requeue", job)
    waiting = site.wait(service, lambda one: one.phase is Phase.PENDING)
    assert (waiting.id, waiting.note, waiting.endpoints) == (job, report, ())
    assert waiting.reason.startswith("was requeued by Slurm")
    again = site.wait(service, is_running)
    assert (again.id, again.health, again.endpoints) == (job, Health.PROGRESSING, ())


def test_a_job_that_cannot_write_its_comment_is_heard_by_its_file(site: Site) -> None:
    script = (
        f'printf "%s n=a p=http:1 h=ok\\n" "$MARK" >{site.facts.logs}/$SLURM_JOB_NAME-$SLURM_JOB_ID.report; sleep 60'
    )
    service = f"look{next(_numbers)}"
    text = write(mark(service))
    site.submit(f"--job-name={service}.0", f"--comment={text}", f"--export=MARK={text}", script=script)
    assert site.wait(service, lambda one: one.health is Health.HEALTHY).endpoints == (("http", "a:1"),)


def test_maintenance_in_the_way_of_a_job_is_told(site: Site) -> None:
    service, _ = site.ours("--time=2:00:00", "--begin=now+5")
    site.facts.reserve("maintenance", "now+30minutes", 10)
    try:
        seen = site.wait(service, lambda one: one.pending is PendingClass.RESERVED)
        closes = site.look().closes
    finally:
        site.facts.unreserve("maintenance")
    assert "maintenance" in seen.reason
    assert closes is not None
    assert abs((closes - site.look().at).total_seconds() - 1800) < 90


def test_a_controller_with_another_clock_is_understood(site: Site, tmp_path: Path) -> None:
    service, _ = site.ours("--time=5")
    before = site.wait(service, is_running)
    for name, filter_ in (("squeue", "cat"), ("sdiag", "sed -E 's/(sdiag output at .*)\\(1/\\1(2/'")):
        (tmp_path / name).write_text(f'#!/bin/bash\n{site.facts.bin}/{name} "$@" | {filter_}\n')
        (tmp_path / name).chmod(0o755)
    (after,) = (one for one in observer_of(site.facts, tmp_path).look().workloads if one.id == before.id)
    assert before.deadline is not None
    assert after.deadline is not None
    assert abs((before.deadline - after.deadline).total_seconds() - 1_000_000_000) <= 2


FAULTS = {
    "slow": ("exec sleep 30", "no answer in time"),
    "cut in the middle": ('"$real" "$@" | head --bytes=-30', "cut or mixed"),
    "nothing": ("exit 0", "cut or mixed"),
    "a banner before": ('echo Welcome!; exec "$real" "$@"', "cut or mixed"),
    "a banner behind": ('"$real" "$@"; echo Bye', "cut or mixed"),
    "an error with code 0": (
        '"$real" "$@"; echo "slurm_load_jobs error: Unable to contact slurm controller" >&2',
        "Unable to contact slurm controller",
    ),
    "a code": ('"$real" "$@"; exit 1', "squeue ended with 1"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_an_answer_that_is_not_whole_is_no_look(site: Site, tmp_path: Path, fault: str) -> None:
    shell, words = FAULTS[fault]
    site.ours()
    squeue = tmp_path / "squeue"
    squeue.write_text(f"#!/bin/bash\nreal={site.facts.bin}/squeue\n{shell}\n")
    squeue.chmod(0o755)
    seen = observer_of(site.facts, tmp_path, timeout=3.0).look()
    assert (seen.complete, seen.workloads, seen.conflicts) == (False, (), ())
    assert words in seen.why


def test_the_bytes_of_a_look_are_at_most_a_fifth_more_than_those_of_a_bare_one(site: Site, tmp_path: Path) -> None:
    for _ in range(20):
        service = f"look{next(_numbers)}"
        text = write(mark(service, revision="0123456789ab", place="9f8e7d6c", limit=14_400))
        site.submit("--hold", f"--job-name={service}.0", f"--comment={text}")
    squeue = tmp_path / "squeue"
    squeue.write_text(f'#!/bin/bash\n{site.facts.bin}/squeue "$@" | tee {tmp_path}/answer\n')
    squeue.chmod(0o755)
    assert observer_of(site.facts, tmp_path).look().complete
    bare = site.facts.command("squeue", "--me", "--states=all", "--format=%i|%T|%r|%B|%S|%e|%V|%l|%j|%k")
    assert (tmp_path / "answer").stat().st_size <= 1.2 * len(bare.encode())
