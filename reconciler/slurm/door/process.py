"""Runs a program to its end, or ends it."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

_OUTPUT = 64 * 2**20
_CHUNK = 2**16


class CutError(Exception):
    """A program that was ended because of its time or its output; `stderr` is what it had said until then."""

    def __init__(self, why: str, stderr: str = "") -> None:
        super().__init__(why)
        self.stderr = stderr


@dataclass(frozen=True, slots=True)
class Done:
    """How a program ended (`code` below 0: by that signal) and what it said."""

    code: int
    stdout: str
    stderr: str


def run(
    argv: Sequence[str], text: str, environment: Mapping[str, str], timeout: float, inherit: tuple[int, ...]
) -> Done:
    """Run a program with `text` on its standard input and nothing but `environment`, for at most `timeout` seconds.

    It keeps the file descriptors `inherit` open. Raises OSError when it could not start, CutError when it was ended.
    """
    with tempfile.TemporaryFile() as stdin:
        stdin.write(text.encode())
        stdin.seek(0)
        process = subprocess.Popen(
            argv,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            pass_fds=inherit,
            start_new_session=True,
        )
    outputs = (bytearray(), bytearray())
    with process:
        try:
            _collect(process, outputs, time.monotonic() + timeout)
        except CutError as error:
            _kill(process)
            raise CutError(str(error), _text(outputs[1])) from None
    return Done(process.returncode, _text(outputs[0]), _text(outputs[1]))


def _text(output: bytearray) -> str:
    """Bytes that are no UTF-8 are replaced: they are never ours."""
    return output.decode("utf-8", "replace")


def _collect(process: subprocess.Popen[bytes], outputs: tuple[bytearray, bytearray], deadline: float) -> None:
    """Both outputs, up to the end of the process."""
    with selectors.DefaultSelector() as selector:
        for number, stream in enumerate((process.stdout, process.stderr)):
            if stream:
                selector.register(stream, selectors.EVENT_READ, number)
        while selector.get_map():
            _read_ready(selector, outputs, deadline)
    try:
        process.wait(max(deadline - time.monotonic(), 0.0))
    except subprocess.TimeoutExpired as error:
        raise CutError("no answer in time") from error


def _read_ready(selector: selectors.BaseSelector, outputs: tuple[bytearray, bytearray], deadline: float) -> None:
    ready = selector.select(max(deadline - time.monotonic(), 0.0))
    if not ready:
        raise CutError("no answer in time")
    for key, _ in ready:
        chunk = os.read(key.fd, _CHUNK)
        output = outputs[key.data]
        output += chunk
        if not chunk:
            selector.unregister(key.fileobj)
        elif len(output) > _OUTPUT:
            raise CutError(f"an answer of more than {_OUTPUT} bytes")


def _kill(process: subprocess.Popen[bytes]) -> None:
    """The whole group: a wrapper's child must not go on alone."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
