"""What a job tells Slurm, and what it believes of what Slurm tells."""

from __future__ import annotations

import dataclasses
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.models.workload import Mark
from reconciler.slurm.mark import Stage, read, write
from tests.slurm.jobs import Job, probed, shell
from tests.slurm.services import mark

SUBMITTED = mark("web")
AMENDED = dataclasses.replace(SUBMITTED, place="1f0e2d3c.", limit=3600, revision="abc")
START = 1767225600


def tell(folder: Path, comment: str, start: int = START) -> None:
    """What squeue will say."""
    (folder / "queue").write_text(f"{start} N/A {comment}\n")


def test_a_report_has_the_start_of_its_run(start: Callable[..., Job], tmp_path: Path) -> None:
    tell(tmp_path, write(SUBMITTED))
    job = start(shell("sleep 60"))
    job.until(lambda: job.report is not None)
    assert job.report
    assert job.report.start == START


def test_without_an_answer_of_squeue_it_starts_with_what_was_submitted(start: Callable[..., Job]) -> None:
    job = start(shell("sleep 60"))
    job.until(lambda: job.report is not None)
    assert job.stamps[0].mark == SUBMITTED
    assert job.report
    assert job.report.start is None


@pytest.mark.parametrize(
    ("comment", "believed"),
    [
        (write(AMENDED), AMENDED),
        (f"{write(AMENDED)} n=node7 p=http:20012 t=1 h=ok u=2", AMENDED),
        (write(mark("web", generation=1)), SUBMITTED),
        (write(AMENDED) + " more", SUBMITTED),
        ("(null)", SUBMITTED),
        ("$(touch /tmp/never) `id` *", SUBMITTED),
    ],
)
def test_an_amended_mark_is_taken_over_and_nothing_else(
    start: Callable[..., Job], tmp_path: Path, comment: str, believed: Mark
) -> None:
    tell(tmp_path, comment)
    job = start(shell("sleep 60"))
    job.until(lambda: job.report is not None)
    assert job.stamps[0].mark == believed


def test_told_that_something_changed_it_looks_and_writes_again(start: Callable[..., Job], tmp_path: Path) -> None:
    (tmp_path / "up").touch()
    tell(tmp_path, write(SUBMITTED))
    job = start(shell("sleep 60", health=probed(tmp_path)))
    job.until(lambda: job.stage is Stage.OK)
    tell(tmp_path, write(AMENDED))
    job.process.send_signal(signal.SIGUSR1)
    job.until(lambda: job.stamps[-1].mark == AMENDED and job.stage is Stage.OK)


def test_a_run_after_which_slurm_began_another_ends_and_says_nothing_more(
    start: Callable[..., Job], tmp_path: Path
) -> None:
    tell(tmp_path, write(SUBMITTED))
    (tmp_path / "up").touch()
    job = start(shell("sleep 60", health=probed(tmp_path)))
    job.until(lambda: job.stage is Stage.OK)
    said = len(job.stamps)
    tell(tmp_path, write(SUBMITTED), START + 60)
    job.process.send_signal(signal.SIGUSR1)
    assert "Slurm has begun another run of this job" in job.end()[1]
    assert len(job.stamps) == said


def test_a_stage_has_the_time_of_its_begin(start: Callable[..., Job], tmp_path: Path) -> None:
    (tmp_path / "up").touch()
    before = int(time.time())
    job = start(shell("sleep 60", health=probed(tmp_path)))
    job.until(lambda: job.stage is Stage.OK)
    job.process.send_signal(signal.SIGTERM)
    job.end()
    reports = [stamp.report for stamp in job.stamps if stamp.report]
    times = [report.since for report in reports if report.since]
    assert times == sorted(times)
    assert before <= times[0] <= times[-1] <= time.time()
    stopping = [report for report in reports if report.stage is Stage.STOPPING]
    assert [report.code for report in stopping] == [None, 128 + signal.SIGTERM]
    assert len({report.since for report in stopping}) == 1


def test_a_report_that_cannot_be_written_is_in_a_file_meanwhile(start: Callable[..., Job], tmp_path: Path) -> None:
    (tmp_path / "away").touch()
    (tmp_path / "up").touch()
    tell(tmp_path, write(SUBMITTED))
    job = start(shell("sleep 60", health=probed(tmp_path)))
    job.until(lambda: job.file.exists() and " h=ok " in job.file.read_text())
    stamp = read(job.file.read_text().removesuffix("\n"))
    assert stamp
    assert stamp.mark == SUBMITTED
    assert job.file.stat().st_mode & 0o777 == 0o600
    (tmp_path / "away").unlink()
    (tmp_path / "up").unlink()
    job.until(lambda: job.stage is Stage.BAD)
    job.until(lambda: not job.file.exists())


def test_the_file_of_a_report_goes_with_the_job(start: Callable[..., Job], tmp_path: Path) -> None:
    (tmp_path / "away").touch()
    job = start(shell("exit 3"))
    code, log = job.end()
    assert code == 3
    assert "could not write the stage starting" in log
    assert list((tmp_path / "logs").iterdir()) == []


def test_a_controller_that_is_away_is_not_asked_at_every_probe(start: Callable[..., Job], tmp_path: Path) -> None:
    (tmp_path / "up").touch()
    (tmp_path / "away").touch()
    job = start(shell("sleep 3; exit 3", health=probed(tmp_path)))
    log = job.end()[1]
    lines = [line for line in log.splitlines() if "could not write" in line]
    assert [line.partition("the stage ")[2].partition(" ")[0] for line in lines] == ["starting", "ok", "ok"]
