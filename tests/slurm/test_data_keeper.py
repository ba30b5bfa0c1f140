"""Data folders as jobs make them, found again and removed: only ours, never through a link, again when cut short."""

from __future__ import annotations

import fcntl
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from lab.host import is_root
from reconciler.errors import ConflictError, LookError, RefusedError
from reconciler.models.data import Stored
from reconciler.slurm.data import FolderKeeper
from reconciler.slurm.data.mark import FolderMark, read_mark
from tests.slurm.jobs import Job
from tests.slurm.services import OWNER, recipe, resolved, target
from tests.slurm.test_data import PLAIN, keeping

Start = Callable[..., Job]
_LIST = f"""
import sys
from pathlib import Path
from reconciler.slurm.data import FolderKeeper
from tests.slurm.services import target
for one in FolderKeeper("slurm", target(Path(sys.argv[1])), "{OWNER}").list():
    print(one.service, one.volume, one.partial)
"""


@pytest.fixture
def keeper(tmp_path: Path) -> FolderKeeper:
    return FolderKeeper("slurm", target(tmp_path), OWNER)


def leave(start: Start, name: str = "db", replica: int = 0, **more: str) -> Path:
    """What a job of a service leaves behind: 64 KiB in its volume."""
    command = 'head -c 65536 /dev/zero >"$1/content"; exit 5'
    job = start(keeping(command=command, name=name), replica=replica, **more)
    assert job.end()[0] == 5
    return job.folder / "data" / name / str(replica)


def only(keeper: FolderKeeper, service: str = "db") -> Stored:
    (found,) = keeper.list(service)
    return found


def test_what_a_job_left_is_known_by_its_mark(start: Start, keeper: FolderKeeper) -> None:
    home = leave(start, replica=3)
    found = only(keeper)
    assert (found.service, found.replica, found.volume, found.recipe) == ("db", 3, "data", "web")
    assert found.place == f"{home}/data"
    assert found.used is not None
    assert 65536 <= found.used <= 65536 + 64 * 1024
    assert found.changed is not None
    assert found.changed.timestamp() == pytest.approx((home / "data/content").stat().st_mtime, abs=1)
    assert (found.held, found.marked, found.removing, found.partial) == ("", True, False, False)
    keeper.remove(found)
    assert list(keeper.list()) == []
    assert not home.parent.exists()
    keeper.remove(found)


def test_others_are_not_ours_to_touch(start: Start, keeper: FolderKeeper, tmp_path: Path) -> None:
    theirs = leave(start, "theirs", owner="factory-b")
    old = tmp_path / "data/old/0/data"
    old.mkdir(parents=True)
    for stray in ("README", "notes/0", "db/x", "db/00/data", "Db/0/data"):
        path = tmp_path / "data" / stray
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch() if stray == "README" else path.mkdir(parents=True)
    found = {(one.service, one.replica, one.volume): one for one in keeper.list()}
    assert set(found) == {("old", 0, "data"), ("notes", 0, "")}
    assert not any(one.marked for one in found.values())
    with pytest.raises(ConflictError, match=f"{old}: it bears no mark of {OWNER}; it is left alone"):
        keeper.remove(found["old", 0, "data"])
    fake = Stored("slurm", "theirs", 0, "data", str(theirs / "data"), identity="0")
    with pytest.raises(ConflictError, match="left alone"):
        keeper.remove(fake)
    assert old.exists()
    assert (theirs / "data/content").exists()


def test_links_are_taken_away_and_what_they_lead_to_stays(start: Start, keeper: FolderKeeper, tmp_path: Path) -> None:
    home = leave(start)
    outside = tmp_path / "outside"
    (outside / "deep").mkdir(parents=True)
    (outside / "deep/precious").write_text("kept")
    for link in (home / "data/in", home / "linked", home / ".hidden"):
        link.symlink_to(outside)
    keeper.remove(only_of(keeper, "data"))
    assert (outside / "deep/precious").read_text() == "kept"
    assert not home.parent.exists()


def only_of(keeper: FolderKeeper, volume: str) -> Stored:
    return next(one for one in keeper.list("db") if one.volume == volume)


@pytest.mark.parametrize("part", ["data/db", "data/db/0"])
def test_a_link_in_place_of_a_folder_leads_nowhere(
    start: Start, keeper: FolderKeeper, tmp_path: Path, part: str
) -> None:
    home = leave(start)
    found = only(keeper)
    place, elsewhere = tmp_path / part, tmp_path / "elsewhere"
    place.rename(elsewhere)
    place.symlink_to(elsewhere)
    assert list(keeper.list("db")) == []
    with pytest.raises(RefusedError, match="cannot be removed"):
        keeper.remove(found)
    assert (home / "data/content").exists()


def test_the_operators_own_folders_may_be_links(start: Start, keeper: FolderKeeper, tmp_path: Path) -> None:
    for name in ("data", "secrets"):
        (tmp_path / f"real-{name}").mkdir()
        (tmp_path / name).symlink_to(tmp_path / f"real-{name}")
    leave(start)
    made = tmp_path / "secrets/db-generated"
    made.mkdir()
    (made / f".of-{OWNER}").touch()
    assert keeper.remove_secrets("db")
    keeper.remove(only(keeper))
    assert [*(tmp_path / "real-data").iterdir(), *(tmp_path / "real-secrets").iterdir()] == []


def _listed(folder: Path) -> subprocess.CompletedProcess[str]:
    """What somebody without the rights of root finds."""
    return subprocess.run([*PLAIN, sys.executable, "-c", _LIST, folder], capture_output=True, text=True, check=False)


def test_what_cannot_be_read_is_listed_without_its_size(start: Start, tmp_path: Path) -> None:
    home = leave(start)
    leave(start, "other")
    (home / "data").chmod(0)
    os.mkfifo(home / "pipe")
    assert _listed(tmp_path).stdout.splitlines() == ["db data True", "db pipe False", "other data False"]


@pytest.mark.skipif(not is_root(), reason="only root can leave something of another user")
def test_another_user_may_keep_his_own_to_himself(start: Start, tmp_path: Path) -> None:
    leave(start)
    home = leave(start, "theirs")
    for one in (home.parent, home):
        os.chown(one, 4242, 4242)
    done = _listed(tmp_path)
    assert (done.stdout, done.returncode) == ("db data False\n", 0), done.stderr
    os.chown(home.parent, 0, 0)
    home.parent.chmod(0)
    assert "theirs" not in _listed(tmp_path).stdout
    assert "cannot be read: Permission denied" in _listed(tmp_path).stderr


def test_folders_without_end_are_told(start: Start, keeper: FolderKeeper) -> None:
    home = leave(start)
    handle = os.open(home / "data", os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("a", dir_fd=handle)
        below = os.open("a", os.O_RDONLY, dir_fd=handle)
        os.close(handle)
        handle = below
    os.close(handle)
    found = only(keeper)
    assert found.partial
    with pytest.raises(RefusedError, match="cannot be removed"):
        keeper.remove(found)
    (found,) = keeper.list()
    assert found.removing
    subprocess.run(["rm", "-rf", home.parent], check=True)


def test_data_in_use_stay(start: Start, keeper: FolderKeeper) -> None:
    home = leave(start)
    with (home / ".lock").open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        found = only(keeper)
        assert found.held == "a job holds its lock"
        with pytest.raises(ConflictError, match="a job holds the lock of these data; nothing was removed"):
            keeper.remove(found)
    assert (home / "data/content").exists()
    assert only(keeper).held == ""


def test_a_living_job_holds_its_data(start: Start, keeper: FolderKeeper, tmp_path: Path) -> None:
    job = start(keeping(command=f"touch {tmp_path}/up; exec sleep 60"))
    job.until((tmp_path / "up").exists)
    assert only(keeper).held


def test_what_was_cut_short_is_seen_and_ended_by_the_next(start: Start, keeper: FolderKeeper) -> None:
    home = leave(start)
    rest = home.parent / ".removed-0-0123abcd"
    home.rename(rest)
    (rest / "data/content").unlink()
    found = only(keeper)
    assert (found.removing, found.replica, found.place) == (True, 0, f"{rest}/data")
    again = leave(start)
    assert sorted(one.removing for one in keeper.list("db")) == [False, True]
    keeper.remove(found)
    assert (again / "data/content").exists(), "what was made since went too"
    assert not rest.exists()


def test_made_secrets_go_and_no_others(keeper: FolderKeeper, tmp_path: Path) -> None:
    assert not keeper.remove_secrets("db")
    folder = tmp_path / "secrets"
    users = {"db-generated": OWNER, "db": OWNER, "shared-generated": OWNER, "theirs-generated": "factory-b"}
    for name, owner in users.items():
        (folder / name).mkdir(parents=True)
        (folder / name / "PASSWORD").write_text("sesame")
        (folder / name / f".of-{owner}").touch()
    (folder / "shared-generated/.of-factory-b").touch()
    (folder / "operators-generated").mkdir()
    assert keeper.remove_secrets("db")
    assert keeper.remove_secrets("shared")
    assert not keeper.remove_secrets("theirs")
    assert not keeper.remove_secrets("operators")
    left = sorted(str(one.relative_to(folder)) for one in folder.glob("*/*"))
    assert left == [
        *("db/.of-factory-a", "db/PASSWORD", "shared-generated/.of-factory-b", "shared-generated/PASSWORD"),
        *("theirs-generated/.of-factory-b", "theirs-generated/PASSWORD"),
    ]
    (folder / "db-generated").symlink_to(folder / "db")
    assert not keeper.remove_secrets("db")
    assert (folder / "db/PASSWORD").exists()


def test_a_secret_that_a_job_made_is_its_owners(start: Start, keeper: FolderKeeper, tmp_path: Path) -> None:
    name = "db"
    secrets = {"PASSWORD": {"name": f"{name}-generated", "key": "PASSWORD"}}
    service = resolved(name, recipe(start={"process": {"command": ["bash", "-c", "exit 5"]}}), secrets=secrets)
    made = replace(service, generated={"PASSWORD": 12})
    assert start(made).end()[0] == 5
    assert start(made, job=4712, owner="factory-b").end()[0] == 5
    folder = tmp_path / "secrets" / f"{name}-generated"
    assert sorted(one.name for one in folder.iterdir()) == [".of-factory-a", ".of-factory-b", "PASSWORD"]
    assert keeper.remove_secrets(name)
    assert (folder / "PASSWORD").exists()
    assert FolderKeeper("slurm", target(tmp_path), "factory-b").remove_secrets(name)
    assert not folder.exists()


def test_a_place_that_cannot_be_read_is_not_an_empty_one(keeper: FolderKeeper, tmp_path: Path) -> None:
    assert list(keeper.list()) == [], "nothing was ever started"
    (tmp_path / "data").write_text("")
    with pytest.raises(LookError, match=re.escape(f"{tmp_path}/data: cannot be read: Not a directory")):
        list(keeper.list())


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ("format=1\nowner=a\nservice=db\nrecipe=web\nmade=2026-11-30T09:00:00Z\n", FolderMark("a", "db", "web")),
        ("format=1\nowner=a\nservice=db\n", FolderMark("a", "db", "")),
        ("format=1\nowner=a\nservice=db\nlater=word\n\nrubbish\n", FolderMark("a", "db", "")),
        ("format=2\nowner=a\nservice=db\nrecipe=web\n", None),
        ("format=1\nservice=db\nrecipe=web\n", None),
        ("format=1\nowner=a/b\nservice=db\n", None),
        ("", None),
        ("\0\ufffd=\n", None),
    ],
)
def test_marks(text: str, mark: FolderMark | None) -> None:
    assert read_mark(text) == mark
