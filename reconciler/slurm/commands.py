"""The one door through which Slurm's commands are run, and where their failures become our errors."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress

from reconciler.errors import LookError, RefusedError, TargetError, UncertainError, UnreachableError
from reconciler.settings import LocalTransport

# What the commands, and through `sbatch --export=ALL` the jobs, get of the daemon's environment. Nothing else does:
# SBATCH_*, SLURM_*, SQUEUE_* and SCANCEL_* change what the commands do, and the rest is nobody's business.
_KEPT = ("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "SLURM_CONF")
# So that squeue prints seconds since the epoch, and everybody speaks English.
_READING = {"LC_ALL": "C.UTF-8", "TZ": "UTC", "SLURM_TIME_FORMAT": "%s"}
_OUTPUT = 64 * 2**20
_CHUNK = 2**16
# What Slurm says when the request surely did not get to slurmctld, or was put off by it.
_NOT_REACHED = ("unable to contact slurm controller", "connection refused", "munge", "authentication", "temporarily")
# What it says when the request may have been carried out, and only the answer was lost.
_NO_ANSWER = ("timed out", "zero bytes", "unexpected message", "communication", "connection reset", "send/recv")


class _CutError(Exception):
    """A command that was ended because of its time or its output."""


class SlurmCommands:
    """Runs squeue, sbatch and scancel on this machine. Safe to use from many threads.

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
        try:
            done = self._run("squeue", arguments, "", _READING)
        except (_CutError, OSError) as error:
            raise LookError(f"squeue: {error}") from error
        # Slurm 22.05 can fail with code 0 and only words on standard error.
        if done.returncode or "error" in done.stderr.lower():
            raise LookError(f"squeue ended with {done.returncode}: {_words(done.stderr)}")
        return done.stdout

    def sbatch(self, arguments: Sequence[str], script: str) -> str:
        """Submit; the new job's id. Raises UnreachableError, UncertainError or RefusedError, with Slurm's words."""
        done = self._write("sbatch", arguments, script)
        if done.returncode:
            raise _refusal("sbatch", done.stderr)
        return done.stdout.strip().partition(";")[0]

    def scancel(self, arguments: Sequence[str]) -> None:
        """Cancel or signal. Raises as `sbatch` does."""
        done = self._write("scancel", arguments, "")
        if done.returncode:
            raise _refusal("scancel", done.stderr)

    def _write(self, program: str, arguments: Sequence[str], text: str) -> subprocess.CompletedProcess[str]:
        try:
            done = self._run(program, arguments, text, {})
        except OSError as error:
            raise UnreachableError(f"{program} could not be started: {error}") from error
        except _CutError as error:
            raise UncertainError(f"{program}: {error}") from error
        if done.returncode < 0:
            raise UncertainError(f"{program} was ended by signal {-done.returncode}")
        return done

    def _run(
        self, program: str, arguments: Sequence[str], text: str, environment: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end. Raises OSError when it could not start, _CutError when it was ended."""
        folder = self._transport.bin
        argv = [str(folder / program) if folder else program, *arguments]
        with tempfile.TemporaryFile() as script:
            script.write(text.encode())
            script.seek(0)
            process = subprocess.Popen(
                argv,
                stdin=script,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={**self._environment(), **environment},
                pass_fds=self._inherit,
                start_new_session=True,
            )
        with process:
            try:
                stdout, stderr = _collect(process, time.monotonic() + self._timeout)
            except _CutError:
                _kill(process)
                raise
        return subprocess.CompletedProcess(argv, process.returncode, stdout, stderr)

    def _environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        return kept | ({"SLURM_CONF": str(self._transport.conf)} if self._transport.conf else {})


def _collect(process: subprocess.Popen[bytes], deadline: float) -> tuple[str, str]:
    """Both outputs, up to the end of the process. Bytes that are no UTF-8 are replaced: they are never ours."""
    outputs = (bytearray(), bytearray())
    with selectors.DefaultSelector() as selector:
        for number, stream in enumerate((process.stdout, process.stderr)):
            if stream:
                selector.register(stream, selectors.EVENT_READ, number)
        while selector.get_map():
            _read_ready(selector, outputs, deadline)
    try:
        process.wait(max(deadline - time.monotonic(), 0.0))
    except subprocess.TimeoutExpired as error:
        raise _CutError("no answer in time") from error
    stdout, stderr = (output.decode("utf-8", "replace") for output in outputs)
    return stdout, stderr


def _read_ready(selector: selectors.BaseSelector, outputs: tuple[bytearray, bytearray], deadline: float) -> None:
    ready = selector.select(max(deadline - time.monotonic(), 0.0))
    if not ready:
        raise _CutError("no answer in time")
    for key, _ in ready:
        chunk = os.read(key.fd, _CHUNK)
        output = outputs[key.data]
        output += chunk
        if not chunk:
            selector.unregister(key.fileobj)
        elif len(output) > _OUTPUT:
            raise _CutError(f"an answer of more than {_OUTPUT} bytes")


def _kill(process: subprocess.Popen[bytes]) -> None:
    """The whole group: a wrapper's child must not go on alone."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _refusal(program: str, stderr: str) -> TargetError:
    """The error for a command that ended by itself and said no."""
    said = stderr.lower()
    message = f"{program}: {_words(stderr)}"
    if any(words in said for words in _NOT_REACHED):
        return UnreachableError(message)
    if any(words in said for words in _NO_ANSWER):
        return UncertainError(message)
    return RefusedError(message)


def _words(stderr: str) -> str:
    """The lines of standard error as one, without the names of the programs, cut to what a person reads."""
    lines = [line.partition("error: ")[2] or line for line in stderr.splitlines() if line.strip()]
    return "; ".join(lines)[:1000] or "without a word"
