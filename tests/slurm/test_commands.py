from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from reconciler.errors import LookError, ReconcilerError, RefusedError, UncertainError, UnreachableError
from reconciler.settings import LocalTransport
from reconciler.slurm.commands import SlurmCommands


def commands(folder: Path, script: str, timeout: float = 20.0, inherit: tuple[int, ...] = ()) -> SlurmCommands:
    """A door to programs that do what `script` says."""
    for name in ("squeue", "sbatch", "scancel"):
        program = folder / name
        program.write_text(f"#!/bin/bash\n{script}\n")
        program.chmod(0o755)
    return SlurmCommands(LocalTransport(bin=folder, conf=folder / "slurm.conf"), timeout, inherit)


def said(words: str, code: int = 1) -> str:
    return f"echo 'sbatch: error: {words}' >&2; exit {code}"


@pytest.mark.parametrize(
    ("script", "error", "words"),
    [
        (said("Batch job submission failed: Invalid partition name specified"), RefusedError, "Invalid partition"),
        (said("Requested node configuration is not available"), RefusedError, "sbatch: Requested node configuration"),
        (said("Unable to contact slurm controller (connect failure)"), UnreachableError, "connect failure"),
        (said("Munge encode failed: Failed to access socket"), UnreachableError, "Munge"),
        (said("Socket timed out on send/recv operation"), UncertainError, "timed out"),
        (said("Zero Bytes were transmitted or received"), UncertainError, "Zero Bytes"),
        ("kill -KILL $$", UncertainError, "signal 9"),
    ],
)
def test_a_submit_that_failed_says_what_may_be_done(
    tmp_path: Path, script: str, error: type[ReconcilerError], words: str
) -> None:
    with pytest.raises(error, match=words):
        commands(tmp_path, script).sbatch([], "")


def test_a_submit_without_an_answer_may_have_happened(tmp_path: Path) -> None:
    with pytest.raises(UncertainError, match="no answer in time"):
        commands(tmp_path, "sleep 60", timeout=0.3).sbatch([], "")


def test_a_command_that_is_not_there_did_nothing(tmp_path: Path) -> None:
    with pytest.raises(UnreachableError, match="could not be started"):
        SlurmCommands(LocalTransport(bin=tmp_path), 1.0).sbatch([], "")


@pytest.mark.parametrize(
    "script",
    [
        "echo half; exit 1",
        "echo 'slurm_load_jobs error: Unable to contact slurm controller' >&2; exit 0",
        "sleep 60",
        "head -c 70000000 /dev/zero",
        "exec >&- 2>&-; sleep 60",
    ],
)
def test_a_look_that_is_not_surely_whole_is_none(tmp_path: Path, script: str) -> None:
    with pytest.raises(LookError):
        commands(tmp_path, script, timeout=2.0).squeue([])


def test_a_command_that_is_late_is_ended_with_its_children(tmp_path: Path) -> None:
    door = commands(tmp_path, f"sleep 60 & echo $! >{tmp_path}/child; wait", timeout=0.5)
    with pytest.raises(LookError):
        door.squeue([])
    child = Path(f"/proc/{(tmp_path / 'child').read_text().strip()}/stat")
    deadline = time.monotonic() + 5
    while child.exists() and child.read_text().split()[2] != "Z":
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_the_script_goes_in_and_the_job_id_comes_out(tmp_path: Path) -> None:
    script = "x" * 300_000
    assert commands(tmp_path, f"cat >{tmp_path}/in; echo '4711;cluster'").sbatch(["--parsable"], script) == "4711"
    assert (tmp_path / "in").read_text() == script


def test_arguments_are_not_read_by_a_shell(tmp_path: Path) -> None:
    assert commands(tmp_path, "printf '<%s>' \"$@\"").squeue(["$(id)", "a b", ""]) == "<$(id)><a b><>"


def test_foreign_bytes_do_no_harm(tmp_path: Path) -> None:
    assert commands(tmp_path, r"printf 'a\xffb'").squeue([]) == "a\ufffdb"


def test_nothing_of_the_daemon_but_a_few_variables_reaches_a_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SBATCH_PARTITION", "SLURM_JOB_ID", "SQUEUE_FORMAT", "SCANCEL_STATE", "TOKEN"):
        monkeypatch.setenv(name, "1")
    words = commands(tmp_path, "env --null | tr '\\0\\n' '\\n '").sbatch([], "").splitlines()
    given = {word.partition("=")[0] for word in words}
    # bash itself adds the last three
    assert given <= {"PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "SLURM_CONF", "PWD", "SHLVL", "_"}
    assert f"SLURM_CONF={tmp_path}/slurm.conf" in words


def test_a_command_in_flight_keeps_the_lock_of_a_daemon_that_was_killed(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    try:
        door = commands(tmp_path, f"test -e /proc/self/fd/{writing} && echo held", inherit=(writing,))
        assert door.sbatch([], "") == "held"
    finally:
        os.close(reading)
        os.close(writing)
