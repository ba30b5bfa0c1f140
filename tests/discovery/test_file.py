"""The list in a file."""

from __future__ import annotations

import json
import logging
import threading
from pathlib import Path

import pytest

from lab.wait import until
from reconciler.board import Board
from reconciler.daemon.sd_file import SdFile
from reconciler.discovery import text_of
from tests.discovery.lines import SLURM, SOURCE, job, line


def writer(path: Path, board: Board, stop: threading.Event | None = None) -> SdFile:
    return SdFile(path, 0.05, board, ("site",), stop or threading.Event())


@pytest.fixture
def board() -> Board:
    made = Board()
    made.post_source(SOURCE)
    return made


def addresses(path: Path) -> list[str]:
    return [one["targets"][0] for one in json.loads(path.read_text())]


def test_it_is_written_when_it_changes_and_readable_by_all(tmp_path: Path, board: Board) -> None:
    path = tmp_path / "sd.json"
    keeper = writer(path, board)
    board.post_target(SLURM, (line(job(1)),))
    keeper.step()
    assert addresses(path) == ["n1:20001"]
    assert path.stat().st_mode & 0o777 == 0o644
    first = path.stat()
    board.post_target(SLURM, (line(job(1)),))
    keeper.step()
    assert path.stat().st_ino == first.st_ino
    board.post_target(SLURM, (line(job(2, "n2")),))
    keeper.step()
    assert addresses(path) == ["n2:20001"]
    assert [one.name for one in tmp_path.iterdir()] == ["sd.json"]


def test_what_others_did_to_it_is_undone(tmp_path: Path, board: Board) -> None:
    path = tmp_path / "sd.json"
    keeper = writer(path, board)
    board.post_target(SLURM, (line(job(1)),))
    keeper.step()
    path.write_text("[]\n")
    keeper.step()
    assert addresses(path) == ["n1:20001"]
    path.unlink()
    keeper.step()
    assert addresses(path) == ["n1:20001"]


def test_a_file_of_an_earlier_daemon_stays_until_all_was_seen_and_if_it_is_right_for_ever(
    tmp_path: Path, board: Board
) -> None:
    path = tmp_path / "sd.json"
    path.write_text("[]\n")
    keeper, inode = writer(path, board), path.stat().st_ino
    keeper.step()
    assert path.stat().st_ino == inode
    board.post_target(SLURM, ())
    keeper.step()
    assert (path.read_text(), path.stat().st_ino) == (text_of([]), inode)


def test_a_failure_is_told_once_counted_and_over_when_the_folder_is_there(
    tmp_path: Path, board: Board, caplog: pytest.LogCaptureFixture
) -> None:
    path, stop = tmp_path / "later" / "sd.json", threading.Event()
    board.post_target(SLURM, (line(job(1)),))
    keeper = writer(path, board, stop)
    with caplog.at_level(logging.INFO):
        keeper.start()
        try:
            until(lambda: keeper.failures >= 3, 30, "three failures")
            path.parent.mkdir()
            until(path.exists, 30, "the file")
        finally:
            stop.set()
            keeper.join()
    told, over = (record.getMessage() for record in caplog.records)
    assert f"{path} cannot be written: FileNotFoundError" in told
    assert f"{path} is written again, after" in over
    assert addresses(path) == ["n1:20001"]
