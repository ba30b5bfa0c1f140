"""Reports in files, of jobs that cannot write their comment."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from reconciler.models.health import Health
from reconciler.slurm.mark import write
from tests.slurm.plain import MARK, OURS, Texts, new_observer, only
from tests.slurm.services import mark


@pytest.fixture
def slurm() -> Texts:
    return Texts([OURS])


SILENT = OURS._replace(comment=MARK)


@pytest.fixture
def file(slurm: Texts, tmp_path: Path) -> Path:
    slurm.jobs = [SILENT]
    return tmp_path / "web.0-7.report"


def test_a_job_that_cannot_write_its_comment_is_heard(slurm: Texts, file: Path) -> None:
    observer = new_observer(slurm, file.parent)
    assert only(observer).reason == "has just been started"
    for mark_text in (MARK, f"{write(mark('web', revision='abc', place='x', limit=60))}"):
        file.write_text(f"{mark_text} n=a p=http:1 t=10000 h=ok u=10005\n")
        seen = only(observer)
        assert (seen.health, seen.endpoints, seen.marked) == (Health.HEALTHY, (("http", "a:1"),), True)


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"{write(mark('web', 1))} n=a t=10000 h=ok",
        f"{write(mark('web', attempt=1))} n=a t=10000 h=ok",
        f"{MARK} n=a t=9999 h=ok",
        f"{MARK} n=a t=10000 h=ok\n\n",
        f"{MARK} n=a t=10000 h=ok{' ' * 1024}",
    ],
)
def test_another_text_is_not_believed(slurm: Texts, file: Path, text: str) -> None:
    file.write_text(text)
    assert only(new_observer(slurm, file.parent)).health is Health.PROGRESSING


def test_only_a_regular_file_is_read(slurm: Texts, file: Path) -> None:
    real = file.with_name("real")
    real.write_text(f"{MARK} n=a t=10000 h=ok")
    file.symlink_to(real)
    observer = new_observer(slurm, file.parent)
    assert only(observer).health is Health.PROGRESSING
    file.unlink()
    os.mkfifo(file)
    assert only(observer).health is Health.PROGRESSING
    file.unlink()
    real.rename(file)
    assert only(observer).health is Health.HEALTHY


def test_the_comment_counts_when_there_is_one(slurm: Texts, file: Path) -> None:
    slurm.jobs = [OURS]
    file.write_text(f"{MARK} n=a t=10000 h=bad")
    assert only(new_observer(slurm, file.parent)).health is Health.HEALTHY
