from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.errors import LookError, ReconcilerError, RefusedError, UncertainError, UnreachableError
from reconciler.settings import LocalTransport
from reconciler.slurm.door.commands import Commands, SlurmCommands
from reconciler.slurm.door.refusals import refusal


def commands(folder: Path, script: str, timeout: float = 20.0, inherit: tuple[int, ...] = ()) -> SlurmCommands:
    """A door to programs that do what `script` says."""
    for name in ("squeue", "sbatch", "scancel", "scontrol", "sacct", "sacctmgr", "sdiag"):
        program = folder / name
        program.write_text(f"#!/bin/bash\n{script}\n")
        program.chmod(0o755)
    return SlurmCommands(LocalTransport(bin=folder, conf=folder / "slurm.conf"), timeout, inherit)


def commands_in(folder: Path) -> Commands:
    """A door to the programs that are there."""
    return SlurmCommands(LocalTransport(bin=folder), 20.0)


def said(words: str, code: int = 1) -> str:
    return f"echo 'sbatch: error: {words}' >&2; exit {code}"


REFUSALS = {
    RefusedError: """
        Invalid partition name specified
        Invalid account or account/partition combination specified
        Invalid qos specification
        Invalid feature specification
        Requested node configuration is not available
        Requested time limit is invalid (missing or exceeds some limit)
        Access/permission denied
        User's group not permitted to use this partition
        Access denied to requested reservation
        Requested reservation is invalid
        Memory required by task is not available
        Node count specification invalid
        Time limit specification required, but not provided
        Job can not be altered now, try again later
        QOSMaxWallDurationPerJobLimit; Job violates accounting/QOS policy (job submit limit, user's size and so on)
        AssocMaxCpuPerJobLimit; Job violates accounting/QOS policy (job submit limit, user's size and so on)
    """,
    UnreachableError: """
        Unable to contact slurm controller (connect failure)
        Munge encode failed: Failed to access socket
        Protocol authentication error
        Invalid job credential
        Slurm backup controller in standby mode
        Controller is in standby mode, try a different controller
        Incompatible versions of client and server code
        Slurm temporarily unable to accept job, sleeping and retrying
        Resource temporarily unavailable
        Unable to create job record, try again
        I/O error writing script/environment to file
        No space left on device
        Slurm job queue full, sleeping and retrying
        System submissions disabled
        Requested operation is presently disabled
        Partition in DOWN state
        Required partition not available (inactive or drain)
        Required node not available (down, drained or reserved)
        Requested partition configuration not available now
        Job update not available right now, the DB index is being set, try again in a bit
        AssocMaxSubmitJobLimit; Job violates accounting/QOS policy (job submit limit, user's size and so on)
        QOSMaxSubmitJobPerUserLimit; Job violates accounting/QOS policy (job submit limit, user's size and so on)
        MaxSubmitJobsPerAccount; Job violates accounting/QOS policy (job submit limit, user's size and so on)
        Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)
    """,
    UncertainError: """
        Socket timed out on send/recv operation
        Zero Bytes were transmitted or received
        Unable to contact slurm controller (send failure)
        Unable to contact slurm controller (receive failure)
        Unable to contact slurm controller (shutdown failure)
        Unexpected message received
        Connection reset by peer
        Unable to contact slurm controller (connect failure); Socket timed out on send/recv operation
    """,
}


@pytest.mark.parametrize(
    ("error", "words"),
    [(error, line.strip()) for error, text in REFUSALS.items() for line in text.strip().splitlines()],
)
def test_a_refusal_says_what_may_be_done(error: type[ReconcilerError], words: str) -> None:
    said = "".join(f"sbatch: error: {line}\n" for line in f"Batch job submission failed: {words}".split("; "))
    found = refusal("sbatch", said)
    assert type(found) is error
    assert str(found) == f"sbatch: Batch job submission failed: {words}"


@pytest.mark.parametrize(
    ("script", "error", "words"),
    [
        (said("Requested node configuration is not available"), RefusedError, "sbatch: Requested node configuration"),
        ("exit 1", RefusedError, "without a word"),
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


def test_what_was_said_before_the_time_was_over_is_told(tmp_path: Path) -> None:
    script = "echo 'sbatch: error: Slurm job queue full, sleeping and retrying' >&2; sleep 60"
    with pytest.raises(UncertainError, match=r"no answer in time \(Slurm job queue full"):
        commands(tmp_path, script, timeout=0.5).sbatch([], "")


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


@pytest.mark.parametrize("ask", [SlurmCommands.reservations, SlurmCommands.sdiag, lambda door: door.sacct([])])
def test_what_is_only_good_to_know_fails_as_a_look_does(tmp_path: Path, ask: Callable[[SlurmCommands], str]) -> None:
    with pytest.raises(LookError, match="Slurm accounting storage is disabled"):
        ask(commands(tmp_path, "echo 'Slurm accounting storage is disabled' >&2; exit 1"))


def test_what_a_test_says_is_on_standard_error(tmp_path: Path) -> None:
    door = commands(tmp_path, 'echo "$SLURM_TIME_FORMAT $*" >&2; echo no')
    assert door.test_only(["--time=5"], "") == "%s --test-only --time=5\n"


def test_the_words_of_a_site_are_as_many_as_it_says(tmp_path: Path) -> None:
    whole = commands(tmp_path, 'echo "${0##*/} $*"').site()
    assert whole.splitlines()[0] == "scontrol show partition --oneliner"
    assert [line.split()[0] for line in whole.splitlines() if line] == ["scontrol", "sacctmgr", "sacctmgr"]
    (tmp_path / "sacctmgr").write_text("#!/bin/bash\nexit 1\n")
    assert commands_in(tmp_path).site() == "scontrol show partition --oneliner\n"
    (tmp_path / "scontrol").write_text("#!/bin/bash\nexit 1\n")
    assert commands_in(tmp_path).site() == ""


def test_a_change_says_what_scontrol_says(tmp_path: Path) -> None:
    assert commands(tmp_path, 'echo "$*"').scontrol(["update", "JobId=7"]) == "update JobId=7\n"
    with pytest.raises(RefusedError, match="Invalid job id"):
        commands(tmp_path, said("Invalid job id specified")).scontrol([])


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
