"""The folder of a service's data: whose it is, room for a first start, and what is said where it cannot be used."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lab.host import is_root
from reconciler.models.wanted import ResolvedService
from reconciler.slurm.look.endings import ending
from tests.slurm.jobs import Job
from tests.slurm.services import recipe, resolved

Start = Callable[..., Job]

#: Root without what makes it root, so that modes and full disks count.
PLAIN = ("setpriv", "--bounding-set=-all") if is_root() else ()
mounts = pytest.mark.skipif(not is_root(), reason="a small file system is a mount, which only root can make")


def keeping(size: str = "1Mi", command: str = "exit 5", *, stateful: bool = True, name: str = "db") -> ResolvedService:
    """A service that ends with 5 once it has come to its server."""
    return resolved(
        name,
        recipe(
            storage={"data": {"path": "/data", "size": "100Ti"}},
            start={"process": {"command": ["bash", "-c", command, "-", "${storage.data}"]}},
            stateful=stateful,
        ),
        storage={"data": {"size": size}},
    )


def refused(job: Job, word: str) -> str:
    """The log of a job that gave up with this word, which is told in words."""
    code, log = job.end()
    assert code == 78, log
    assert job.report
    assert job.report.why.partition("@")[0] == word, log
    told = ending("FAILED", "NonZeroExitCode", job.report)
    assert told
    assert "could not be made ready: " in told.words
    assert word not in told.words, "it has no words for people"
    return log


def lines(folder: Path) -> dict[str, str]:
    """What the mark of a data folder says."""
    text = (folder / ".reconciler").read_text()
    return dict(line.split("=") for line in text.splitlines())


def test_a_folder_says_whose_data_it_has(start: Start, tmp_path: Path) -> None:
    home = tmp_path / "data/db/1"
    assert start(keeping(), replica=1).end()[0] == 5
    mark = lines(home)
    assert (mark["format"], mark["owner"], mark["service"], mark["recipe"]) == ("1", "factory-a", "db", "web")
    assert start(keeping(), replica=1).end()[0] == 5, "its own data are refused"
    assert lines(home) == mark
    assert sorted(one.name for one in home.iterdir()) == [".lock", ".reconciler", "data"]


def test_data_of_a_time_without_marks_are_taken_over(start: Start, tmp_path: Path) -> None:
    old = tmp_path / "data/db/0/data/old"
    old.parent.mkdir(parents=True)
    old.touch()
    assert start(keeping("100Ti")).end()[0] == 5, "no room is asked for where there are data"
    assert old.exists()
    assert lines(tmp_path / "data/db/0")["recipe"] == "web"


@pytest.mark.parametrize("stateful", [True, False])
@pytest.mark.parametrize(("key", "value"), [("owner", "factory-b"), ("service", "other"), ("recipe", "postgresql")])
def test_data_of_another_are_left_alone(start: Start, tmp_path: Path, key: str, value: str, stateful: bool) -> None:
    assert start(keeping()).end()[0] == 5
    home = tmp_path / "data/db/0"
    text = (home / ".reconciler").read_text()
    mine = lines(home)[key]
    (home / ".reconciler").write_text(text.replace(f"{key}={mine}\n", f"{key}={value}\n"))
    log = refused(start(keeping(stateful=stateful)), f"data-{key}")
    assert f"the data in {home} belong to {key} {value}, and this is {key} {mine}" in log
    assert ("`reconciler data remove db`" in log) is (key == "recipe"), "it would not remove what is not ours"


def test_two_daemons_with_one_folder_do_not_share_data(start: Start) -> None:
    assert start(keeping()).end()[0] == 5
    assert "belong to owner factory-a, and this is owner factory-b" in refused(
        start(keeping(), owner="factory-b"), "data-owner"
    )


def test_a_mark_that_cannot_be_read(start: Start, tmp_path: Path) -> None:
    mark = tmp_path / "data/db/0/.reconciler"
    mark.parent.mkdir(parents=True)
    mark.write_bytes(b"\0\xff\n=\n")
    assert f"{mark} does not say whose the data" in refused(start(keeping()), "data-unknown")


@pytest.mark.parametrize("make", [os.mkfifo, Path.mkdir, lambda file: file.symlink_to("nowhere")])
def test_a_mark_that_is_no_plain_file(start: Start, tmp_path: Path, make: Callable[[Path], None]) -> None:
    home = tmp_path / "data/db/0"
    home.mkdir(parents=True)
    make(home / ".reconciler")
    assert "does not say whose the data" in refused(start(keeping()), "data-unknown")


def test_many_jobs_that_come_first_at_once_agree(start: Start, tmp_path: Path) -> None:
    jobs = [start(keeping(stateful=False), job=number) for number in range(1, 7)]
    assert [job.end()[0] for job in jobs] == [5] * 6
    assert lines(tmp_path / "data/db/0")["owner"] == "factory-a"
    assert sorted(one.name for one in (tmp_path / "data/db/0").iterdir()) == [".reconciler", "data"]


def test_a_first_start_needs_room(start: Start, tmp_path: Path) -> None:
    log = refused(start(keeping("900T")), "no-room")
    assert f"{tmp_path}/data/db/0/data: the first start of this volume needs 819Ti of free space, and there are" in log
    assert "set spec.storage.data.size" in log


@mounts
def test_several_new_volumes_need_room_together(start: Start, tmp_path: Path) -> None:
    storage = {name: {"path": f"/{name}", "size": "30Mi"} for name in ("a", "b", "c")}
    service = resolved("db", recipe(storage=storage, start={"process": {"command": ["bash", "-c", "exit 5"]}}))
    with small(tmp_path / "data", "size=64m") as disk:
        assert "needs 90Mi of free space, and there are 64Mi" in refused(start(service), "no-room")
        for name in storage:
            (disk / "db/0" / name / "old").touch()
        assert start(service).end()[0] == 5


def test_scratch_that_may_not_fit_is_a_word_in_the_log(start: Start) -> None:
    storage = {
        "tmp": {"path": "/tmp", "size": "900T", "persistent": False},
        "shm": {"path": "/dev/shm", "size": "900T", "persistent": False, "memory": True},
    }
    service = resolved("web", recipe(storage=storage, start={"process": {"command": ["bash", "-c", "exit 5"]}}))
    code, log = start(service).end()
    assert code == 5
    assert log.count("may hold 819Ti, and there are ") == 2


@contextmanager
def small(folder: Path, options: str) -> Iterator[Path]:
    """A file system of its own at a folder."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


@mounts
def test_a_full_disk_is_told_before_the_server_meets_it(start: Start, tmp_path: Path) -> None:
    with small(tmp_path / "data", "size=24m") as disk:
        assert start(keeping("20Mi", command='echo >"$1/kept"; exit 5')).end()[0] == 5
        ballast = disk / "ballast"
        ballast.write_bytes(bytes(20 << 20))
        log = refused(start(keeping("20Mi")), "disk-full")
        assert f"{disk}/db/0: its disk is full (4.0Mi are free)" in log
        assert not (disk / "db/0/.trial").exists()
        ballast.unlink()
        assert start(keeping("20Mi")).end()[0] == 5, "room again"


@mounts
def test_no_more_files_is_another_thing_than_no_more_room(start: Start, tmp_path: Path) -> None:
    with small(tmp_path / "data", "size=24m,nr_inodes=7") as disk:
        assert start(keeping(command='echo >"$1/kept"; exit 5')).end()[0] == 5
        assert subprocess.run(["touch", *(disk / f"file-{number}" for number in range(7))], check=False).returncode
        assert "no room for another file" in refused(start(keeping()), "no-inodes")


@mounts
def test_a_disk_that_was_made_read_only(start: Start, tmp_path: Path) -> None:
    with small(tmp_path / "data", "size=24m") as disk:
        assert start(keeping(command='echo >"$1/kept"; exit 5')).end()[0] == 5
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        assert "its file system is read-only" in refused(start(keeping()), "disk-read-only")


def test_a_quota_that_is_used_up(start: Start, tmp_path: Path) -> None:
    """As coreutils tell it; not every kernel that tests run on has quotas."""
    program = tmp_path / "bin/dd"
    program.parent.mkdir()
    program.write_text("#!/bin/bash\necho \"dd: error writing '$2': Disk quota exceeded\" >&2\nexit 1\n")
    program.chmod(0o755)
    assert "its quota is used up" in refused(start(keeping()), "no-quota")


@pytest.mark.parametrize("place", ["data", "data/db/0", "data/db/0/data"])
def test_a_folder_that_may_not_be_written(start: Start, tmp_path: Path, place: str) -> None:
    folder = tmp_path / place
    folder.mkdir(parents=True)
    folder.chmod(0o500)
    log = refused(start(keeping(), through=PLAIN), "not-writable")
    assert f"cannot be written by {'root' if is_root() else Path.home().owner()}: Permission denied" in log
    folder.chmod(0o700)
    assert start(keeping(), through=PLAIN).end()[0] == 5


def test_a_file_where_the_folder_should_be(start: Start, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    assert "Not a directory" in refused(start(keeping()), "not-writable")


def test_a_link_in_place_of_the_trial_is_not_followed(start: Start, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("kept")
    home = tmp_path / "data/db/0"
    home.mkdir(parents=True)
    (home / ".trial").symlink_to(precious)
    assert start(keeping()).end()[0] == 5
    assert precious.read_text() == "kept"
