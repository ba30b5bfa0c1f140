"""The one door through which Slurm's commands are run, and where their failures become our errors."""

from __future__ import annotations

import os
import pwd
from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol

from reconciler.errors import LookError, TargetError, UncertainError, UnreachableError
from reconciler.settings import LocalTransport
from reconciler.slurm.door.process import CutError, Done, run
from reconciler.slurm.door.refusals import refusal, words

# What the commands, and through `sbatch --export=ALL` the jobs, get of the daemon's environment. Nothing else does:
# SBATCH_*, SLURM_*, SQUEUE_* and SCANCEL_* change what the commands do, and the rest is nobody's business.
_KEPT = ("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "SLURM_CONF")
# So that times are seconds since the epoch, and everybody speaks English.
_READING = {"LC_ALL": "C.UTF-8", "TZ": "UTC", "SLURM_TIME_FORMAT": "%s"}
# What is good to know but never needed may take so many seconds.
_SHORT = 10.0


class Commands(Protocol):
    """Slurm as its users have it: one method for each command, safe to call from many threads.

    Times in what is read are seconds since the epoch (SLURM_TIME_FORMAT=%s). All failures are TargetErrors.
    """

    def squeue(self, arguments: Sequence[str]) -> str:
        """Its output. Raises LookError whenever it is not surely the whole answer."""
        ...

    def sbatch(self, arguments: Sequence[str], script: str) -> str:
        """Submit; the new job's id. Raises UnreachableError, UncertainError or RefusedError, with Slurm's words."""
        ...

    def test_only(self, arguments: Sequence[str], script: str) -> str:
        """What `sbatch --test-only` would do, in its words, on standard error. Raises as `sbatch` does."""
        ...

    def scancel(self, arguments: Sequence[str]) -> None:
        """Cancel or signal. Raises as `sbatch` does."""
        ...

    def scontrol(self, arguments: Sequence[str]) -> str:
        """Change something, or show it: its output. Raises as `sbatch` does."""
        ...

    def reservations(self) -> str:
        """All reservations, one on a line (`scontrol show reservation --oneliner`). Raises LookError."""
        ...

    def sacct(self, arguments: Sequence[str]) -> str:
        """Its output, soon or not at all. Raises LookError, also where there is no accounting."""
        ...

    def sdiag(self) -> str:
        """Its output, soon or not at all. Raises LookError."""
        ...

    def site(self) -> str:
        """What the cluster allows this account: partitions, and where there is accounting, associations and QOS.

        As much as can be told; "" when the controller does not answer. Never raises a TargetError.
        """
        ...


class SlurmCommands:
    """Runs the commands on this machine. Safe to use from many threads.

    `timeout` is in seconds, for one command. `inherit` are file descriptors that each command keeps open: the daemon
    hands in the one of its lock, so that after a kill -9 of the daemon an sbatch in flight still holds the lock, and
    the next daemon does not look before that submit has come to its end.
    """

    def __init__(self, transport: LocalTransport, timeout: float, inherit: tuple[int, ...] = ()) -> None:
        self._transport = transport
        self._timeout = timeout
        self._inherit = inherit

    def squeue(self, arguments: Sequence[str]) -> str:
        """Its output. Raises LookError whenever it is not surely the whole answer."""
        return self._read("squeue", arguments, self._timeout)

    def sbatch(self, arguments: Sequence[str], script: str) -> str:
        """Submit; the new job's id. Raises UnreachableError, UncertainError or RefusedError, with Slurm's words."""
        return self._write("sbatch", arguments, script, {}).stdout.strip().partition(";")[0]

    def test_only(self, arguments: Sequence[str], script: str) -> str:
        """What `sbatch --test-only` would do, in its words, on standard error. Raises as `sbatch` does."""
        return self._write("sbatch", ["--test-only", *arguments], script, _READING).stderr

    def scancel(self, arguments: Sequence[str]) -> None:
        """Cancel or signal. Raises as `sbatch` does."""
        self._write("scancel", arguments, "", {})

    def scontrol(self, arguments: Sequence[str]) -> str:
        """Change something, or show it: its output. Raises as `sbatch` does."""
        return self._write("scontrol", arguments, "", _READING).stdout

    def reservations(self) -> str:
        """All reservations, one on a line (`scontrol show reservation --oneliner`). Raises LookError."""
        return self._read("scontrol", ["show", "reservation", "--oneliner"], self._short)

    def sacct(self, arguments: Sequence[str]) -> str:
        """Its output, soon or not at all. Raises LookError, also where there is no accounting."""
        return self._read("sacct", arguments, self._short)

    def sdiag(self) -> str:
        """Its output, soon or not at all. Raises LookError."""
        return self._read("sdiag", [], self._short)

    def site(self) -> str:
        """What the cluster allows this account; as much as can be told."""
        try:
            allowed = [self._read("scontrol", ["show", "partition", "--oneliner"], self._timeout)]
        except LookError:
            return ""
        me = pwd.getpwuid(os.geteuid()).pw_name
        for shown in (["show", "associations", f"user={me}"], ["show", "qos"]):
            with suppress(LookError):  # no accounting, or none that answers
                allowed.append(self._read("sacctmgr", ["--noheader", "--parsable2", *shown], self._short))
        return "\n".join(allowed)

    @property
    def _short(self) -> float:
        return min(self._timeout, _SHORT)

    def _read(self, program: str, arguments: Sequence[str], timeout: float) -> str:
        try:
            done = self._run(program, arguments, "", _READING, timeout)
        except CutError as error:
            raise LookError(_cut(program, error)) from error
        except OSError as error:
            raise LookError(f"{program} could not be started: {error}") from error
        # Slurm 22.05 can fail with code 0 and only words on standard error.
        if done.code or "error" in done.stderr.lower():
            raise LookError(f"{program} ended with {done.code}: {words(done.stderr)}")
        return done.stdout

    def _write(self, program: str, arguments: Sequence[str], text: str, environment: dict[str, str]) -> Done:
        try:
            done = self._run(program, arguments, text, environment, self._timeout)
        except OSError as error:
            raise UnreachableError(f"{program} could not be started: {error}") from error
        except CutError as error:
            raise UncertainError(_cut(program, error)) from error
        if done.code:
            raise _failure(program, done)
        return done

    def _run(
        self, program: str, arguments: Sequence[str], text: str, environment: dict[str, str], timeout: float
    ) -> Done:
        folder = self._transport.bin
        argv = [str(folder / program) if folder else program, *arguments]
        return run(argv, text, self._environment() | environment, timeout, self._inherit)

    def _environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        return kept | ({"SLURM_CONF": str(self._transport.conf)} if self._transport.conf else {})


def _cut(program: str, error: CutError) -> str:
    """With what it said before: sbatch tells that the queue is full, and tries again by itself for minutes."""
    said = f" ({words(error.stderr)})" if error.stderr.strip() else ""
    return f"{program}: {error}{said}"


def _failure(program: str, done: Done) -> TargetError:
    if done.code < 0:
        return UncertainError(f"{program} was ended by signal {-done.code}")
    return refusal(program, done.stderr)
