"""The end of a job by its time limit, and the lock on its data."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.models.wanted import ResolvedService
from reconciler.slurm.job.sbatch import template
from reconciler.slurm.mark import Stage, write
from tests.slurm.jobs import Job, probed, shell
from tests.slurm.services import mark, recipe, resolved, target

START = 1767225600


def limit(folder: Path, seconds: int) -> None:
    """What squeue will say of the job's limit."""
    (folder / "queue").write_text(f"{START} {START + seconds} {write(mark('web'))}\n")


def writer(folder: Path, *, stateful: bool, grace: str = "1s") -> ResolvedService:
    """A server that writes its last byte when it is asked to stop."""
    line = f"trap 'echo flushed >{folder}/data-file; exit 0' TERM; touch {folder}/up; while :; do sleep 0.1; done"
    return shell(line, health=probed(folder), stop={"grace": grace}, stateful=stateful)


@pytest.mark.parametrize("stateful", [True, False])
def test_near_its_limit_it_flushes_and_says_so(start: Callable[..., Job], tmp_path: Path, stateful: bool) -> None:
    limit(tmp_path, 6)
    begun = time.monotonic()
    job = start(writer(tmp_path, stateful=stateful))
    job.until(lambda: job.stage is Stage.OK)
    code, log = job.end()
    assert (code, "the time limit is near" in log) == (0, True)
    assert (tmp_path / "data-file").read_text() == "flushed\n"
    assert job.stage is Stage.EXPIRING
    assert 2 <= time.monotonic() - begun < 6  # half of it is 3, and bash counts whole seconds


@pytest.mark.parametrize(
    ("seconds", "grace", "stateful", "after"),
    [(3600, "30s", True, "3562"), (3600, "30s", False, "3560"), (60, "10s", True, "42"), (60, "5m", True, "30")],
)
def test_a_server_has_its_grace_before_the_limit_and_half_of_a_short_one(
    seconds: int, grace: str, stateful: bool, after: str
) -> None:
    service = resolved("web", recipe(stop={"grace": grace}, stateful=stateful))
    script = template(service, target()).submission(mark("web"), 0, ()).script.removesuffix("supervise\n")
    script += f'start_timer() {{ echo "$@"; }}\nSECONDS=0 job_limit={seconds}\nwatch_limit\n'
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [after, "ALRM"]


def test_a_limit_that_was_lowered_is_kept(start: Callable[..., Job], tmp_path: Path) -> None:
    limit(tmp_path, 3600)
    job = start(writer(tmp_path, stateful=True))
    job.until(lambda: job.stage is Stage.OK)
    limit(tmp_path, 2)
    job.process.send_signal(signal.SIGUSR1)
    assert job.end()[0] == 0
    assert job.stage is Stage.EXPIRING


def test_a_limit_that_was_raised_is_kept_too(start: Callable[..., Job], tmp_path: Path) -> None:
    limit(tmp_path, 4)
    job = start(writer(tmp_path, stateful=True))
    job.until(lambda: job.stage is Stage.OK)
    limit(tmp_path, 3600)
    time.sleep(2.5)  # half of the limit that it began with is over
    (tmp_path / "up").unlink()
    job.until(lambda: job.stage is Stage.BAD)
    assert job.process.poll() is None


def test_a_signal_far_from_the_limit_ends_nothing(start: Callable[..., Job], tmp_path: Path) -> None:
    limit(tmp_path, 3600)
    job = start(writer(tmp_path, stateful=True))
    job.until(lambda: job.stage is Stage.OK)
    (tmp_path / "queue").unlink()
    job.process.send_signal(signal.SIGUSR1)
    limit(tmp_path, 3600)
    job.process.send_signal(signal.SIGUSR1)
    (tmp_path / "up").unlink()
    job.until(lambda: job.stage is Stage.BAD)
    assert job.process.poll() is None


def test_a_signal_when_the_limit_cannot_be_told_ends_in_time(start: Callable[..., Job], tmp_path: Path) -> None:
    limit(tmp_path, 60)
    job = start(writer(tmp_path, stateful=True))
    job.until(lambda: job.stage is Stage.OK)
    (tmp_path / "queue").unlink()
    job.process.send_signal(signal.SIGUSR1)
    assert job.end()[0] == 0
    assert job.stage is Stage.EXPIRING


def test_a_second_job_waits_for_the_data(start: Callable[..., Job], tmp_path: Path) -> None:
    (tmp_path / "up").touch()
    service = shell(f"echo run >>{tmp_path}/runs; sleep 60", name="db", stateful=True, health=probed(tmp_path))
    first = start(service)
    first.until(lambda: first.stage is Stage.OK)
    second = start(service, job=4712)
    second.until(lambda: second.report is not None)
    other = start(service, replica=1, job=4713)
    other.until(lambda: other.stage is Stage.OK)
    assert second.stage is Stage.STARTING
    assert (tmp_path / "runs").read_text() == "run\n" * 2
    first.process.send_signal(signal.SIGTERM)
    second.until(lambda: second.stage is Stage.OK)
    second.process.send_signal(signal.SIGTERM)
    assert "waits for the data of db.0" in second.end()[1]


def test_a_run_that_slurm_took_for_lost_leaves_the_data_to_the_next(start: Callable[..., Job], tmp_path: Path) -> None:
    (tmp_path / "up").touch()
    service = shell("sleep 60", name="db", stateful=True, health=probed(tmp_path))
    (tmp_path / "queue").write_text(f"{START} N/A (null)\n")
    lost = start(service)
    lost.until(lambda: lost.stage is Stage.OK)
    (tmp_path / "queue").write_text(f"{START + 60} N/A (null)\n")
    requeued = start(service)
    assert "Slurm has begun another run of this job" in lost.end()[1]
    requeued.until(lambda: requeued.stage is Stage.OK)
    assert requeued.report
    assert requeued.report.start == START + 60
    assert not (tmp_path / "data/db/0/.wanted").exists()


def test_a_server_that_outlives_its_supervisor_keeps_the_data(start: Callable[..., Job], tmp_path: Path) -> None:
    service = shell(f"echo $$ >{tmp_path}/pid; exec sleep 60", name="db", stateful=True)
    first = start(service)
    first.until(lambda: (tmp_path / "pid").exists() and bool((tmp_path / "pid").read_text()))
    server = (tmp_path / "pid").read_text().strip()
    first.process.kill()
    first.process.wait()
    second = start(service, job=4712)
    second.until(lambda: second.report is not None)
    time.sleep(0.5)
    assert (tmp_path / "pid").read_text().strip() == server
    subprocess.run(["kill", "-KILL", server], check=True)
    second.until(lambda: (tmp_path / "pid").read_text().strip() not in ("", server))


def test_asked_to_stop_while_it_waits_it_ends_at_once(start: Callable[..., Job], tmp_path: Path) -> None:
    service = shell("sleep 60", name="db", stateful=True, stop={"grace": "60s"})
    lock = tmp_path / "data/db/0/.lock"
    lock.parent.mkdir(parents=True)
    with subprocess.Popen(["flock", "--no-fork", str(lock), "sleep", "60"]) as holder:
        second = start(service)
        second.until(lambda: second.report is not None)
        second.process.send_signal(signal.SIGTERM)
        second.end()
        holder.terminate()
    assert second.stage is Stage.STOPPING


def test_data_that_stays_in_use_ends_the_job(start: Callable[..., Job], tmp_path: Path) -> None:
    health = {"tcp": {"port": "http"}, "startup": "1s", "interval": "1s", "timeout": "1s"}
    lock = tmp_path / "data/db/0/.lock"
    lock.parent.mkdir(parents=True)
    with subprocess.Popen(["flock", "--no-fork", str(lock), "sleep", "60"]) as holder:
        job = start(shell("sleep 60", name="db", stateful=True, health=health))
        code, log = job.end()
        holder.terminate()
    assert code
    assert "was in use for 1 s" in log
    assert job.stage is Stage.LATE


def test_a_file_system_without_locks_is_no_reason_to_stay_away(start: Callable[..., Job], tmp_path: Path) -> None:
    program = tmp_path / "bin" / "flock"
    program.parent.mkdir()
    program.write_text("#!/bin/bash\nexit 71\n")
    program.chmod(0o755)
    job = start(shell("exit 5", name="db", stateful=True))
    code, log = job.end()
    assert code == 5
    assert "cannot be locked (flock ended with 71)" in log


def test_what_was_to_wake_a_killed_supervisor_does_not_hold_the_lock(start: Callable[..., Job], tmp_path: Path) -> None:
    limit(tmp_path, 3600)
    job = start(
        shell(f"touch {tmp_path}/up; echo $$ >{tmp_path}/pid; exec sleep 60", health=probed(tmp_path), stateful=True)
    )
    job.until(lambda: job.stage is Stage.OK)
    seen = len(job.stamps)
    job.process.send_signal(signal.SIGUSR1)  # the limit is looked at again, now that it has the lock
    job.until(lambda: len(job.stamps) > seen)
    time.sleep(0.2)  # so that what wakes it up is there too
    lock = ["flock", "--nonblock", str(tmp_path / "data/web/0/.lock"), "true"]
    assert subprocess.run(lock, check=False).returncode == 1
    job.process.kill()
    os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)
    try:
        job.until(lambda: subprocess.run(lock, check=False).returncode == 0)
    finally:
        subprocess.run(["pkill", "--signal", "KILL", "--session", str(job.process.pid)], check=True)
