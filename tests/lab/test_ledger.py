"""The ledger puts back what the lab did, and nothing else."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab import proc
from lab.host import LabError
from lab.ledger import Entry, Ledger
from lab.undo import undo
from lab.wait import until

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(60)"
ORPHAN = "sleep 60 >/dev/null & echo $!"


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    folder = tmp_path / "one"
    folder.mkdir()
    return Ledger(folder / "ledger.jsonl")


@pytest.fixture
def neighbour(tmp_path: Path) -> Ledger:
    folder = tmp_path / "two"
    folder.mkdir()
    return Ledger(folder / "ledger.jsonl")


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(SLEEP)
    yield process
    process.kill()
    process.wait()


def test_what_was_written_is_read_again_in_order_and_a_line_cut_short_is_left_out(ledger: Ledger) -> None:
    ledger.marked("A=1", "B=")
    ledger.route("10.0.0.0/24", "via", "10.1.0.1")
    with ledger.path.open("a") as file:
        file.write('["mount", "/some/wh')
    assert ledger.entries() == [Entry("marked", ("A=1", "B=")), Entry("route", ("10.0.0.0/24", "via", "10.1.0.1"))]


def test_a_recorded_process_is_ended(ledger: Ledger, sleeper: subprocess.Popen[bytes]) -> None:
    ledger.process(sleeper.pid)
    assert undo(ledger) == []
    assert sleeper.wait(5) == -signal.SIGTERM


def test_a_process_that_ignores_the_request_is_killed(ledger: Ledger) -> None:
    with subprocess.Popen([sys.executable, "-c", STUBBORN], stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        ledger.process(process.pid)
        assert undo(ledger, patience=0.2) == []
        assert process.wait(5) == -signal.SIGKILL


def test_a_stranger_with_a_reused_pid_is_left_alone(ledger: Ledger, sleeper: subprocess.Popen[bytes]) -> None:
    found = proc.look(sleeper.pid)
    assert found
    ledger.path.write_text(f'["process", "{found.pid}", "{found.start - 1}"]\n')
    assert undo(ledger) == []
    assert sleeper.poll() is None


@pytest.mark.parametrize(
    ("environment", "ours"),
    [
        ({"LAB_TEST_MARK": "/lab/a", "LAB_TEST_OTHER": "any"}, True),
        ({"LAB_TEST_MARK": "/lab/a"}, False),
        ({"LAB_TEST_MARK": "/lab/ab", "LAB_TEST_OTHER": "any"}, False),
    ],
)
def test_an_orphan_is_found_by_all_its_marks(ledger: Ledger, environment: dict[str, str], *, ours: bool) -> None:
    ledger.marked("LAB_TEST_MARK=/lab/a", "LAB_TEST_OTHER=")
    orphan = _orphan({**os.environ, **environment})
    assert undo(ledger) == []
    assert proc.lives(orphan) is not ours
    proc.end(lambda: {orphan} if proc.lives(orphan) else set(), patience=0.0)


def test_a_process_without_a_mark_is_found_by_its_program_and_folder(ledger: Ledger) -> None:
    ledger.holders("sleep", ledger.path.parent)
    with (
        subprocess.Popen(["sleep", "60"], cwd=ledger.path.parent) as inside,
        subprocess.Popen(["sleep", "60"]) as outside,
    ):
        assert undo(ledger) == []
        assert inside.wait(5) == -signal.SIGTERM
        assert outside.poll() is None
        outside.kill()


def test_a_folder_is_removed_only_when_the_lab_made_it(ledger: Ledger, tmp_path: Path) -> None:
    made, found = tmp_path / "made", tmp_path / "found"
    found.mkdir()
    for path in (made, found):
        ledger.folder(path)
        path.mkdir(exist_ok=True)
    assert undo(ledger) == []
    assert (made.exists(), found.exists()) == (False, True)


def test_what_two_labs_share_is_put_back_by_the_last_one(ledger: Ledger, neighbour: Ledger, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    for each in (ledger, neighbour):
        each.folder(shared)
        shared.mkdir(exist_ok=True)
    assert undo(ledger) == []
    assert shared.exists()
    ledger.path.unlink()
    assert undo(neighbour) == []
    assert not shared.exists()


def test_the_second_lab_notes_the_value_from_before_the_first(ledger: Ledger, neighbour: Ledger) -> None:
    ledger.path.write_text('["sysctl", "kernel.ostype", "the value before both"]\n')
    neighbour.sysctl("kernel.ostype")
    assert neighbour.entries() == [Entry("sysctl", ("kernel.ostype", "the value before both"))]


def test_what_is_there_already_is_refused_and_not_noted(ledger: Ledger) -> None:
    with pytest.raises(LabError, match="/sys/class/net/lo is there already"):
        ledger.link("lo")
    assert ledger.entries() == []


def test_what_cannot_be_put_back_is_said_and_the_rest_goes_on(ledger: Ledger, tmp_path: Path) -> None:
    ledger.folder(tmp_path / "made")
    (tmp_path / "made").mkdir()
    with ledger.path.open("a") as file:
        file.write('["sysctl", "no.such.key", "1"]\n')
    assert [problem.split(":")[0] for problem in undo(ledger)] == ["sysctl no.such.key 1"]
    assert not (tmp_path / "made").exists()


def test_undo_can_be_repeated(ledger: Ledger, tmp_path: Path) -> None:
    ledger.folder(tmp_path / "made")
    ledger.mount(tmp_path / "made")
    ledger.namespace("lab-test-never-made")
    ledger.cgroup("lab-test-never-made")
    assert undo(ledger) == []
    assert undo(ledger) == []


def _orphan(environment: dict[str, str]) -> proc.Process:
    """A process whose parent has ended."""
    text = subprocess.run(
        ["sh", "-c", ORPHAN], env=environment, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, check=True
    ).stdout
    found: list[proc.Process] = []

    def looked() -> bool:
        process = proc.look(int(text))
        found.extend([process] if process else [])
        return bool(found) and proc.program(found[0]) == "sleep"

    until(looked, 5, "the orphan runs")
    return found[0]
