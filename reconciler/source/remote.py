"""Git towards the repository that is followed: over the network or on this machine, within a time."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from subprocess import Popen, TimeoutExpired

from reconciler.errors import SourceError
from reconciler.source.address import Address
from reconciler.source.commands import describe, start_git

_OPTIONS = (
    "core.hooksPath=/dev/null",
    "protocol.version=2",  # so that any commit may be asked for, and only the wanted refs are listed
    "fetch.recurseSubmodules=false",
    "gc.autoDetach=false",  # no process outlives its command
    "maintenance.autoDetach=false",
)
#: A repository on this machine may belong to another user; the operator named it, and only its objects are read.
_UPLOAD_PACK = "git -c 'safe.directory=*' upload-pack"


class SlowError(SourceError):
    """The repository did not answer in time; asking for more would take longer still."""


class Remote:
    """The followed repository. `timeout`: seconds for one command."""

    def __init__(self, address: Address, timeout: float) -> None:
        self.url = address.url
        self._address = address
        self._timeout = timeout
        self._lock = threading.Lock()
        self._running: Popen[bytes] | None = None
        self._closed = False

    def list_refs(self, folder: Path, name: str) -> dict[str, str]:
        """Refs that end with `name`, and their ids (git-ls-remote(1)). Raises SourceError, or SlowError."""
        nowhere = folder / "no-repository"  # it needs none, and a broken one would stop it
        output = self._run(nowhere, "ls-remote", "--quiet", *self._upload_pack(), "--", self.url, name)
        lines = (line.partition("\t") for line in output.splitlines())
        return {ref: sha for sha, _, ref in lines}

    def fetch(self, folder: Path, spec: str) -> None:
        """Fetch one refspec into the bare repository `folder`. Raises SourceError, or SlowError.

        `--update-shallow` takes a shallow repository as it is.
        """
        options = ("--quiet", "--no-tags", "--no-write-fetch-head", "--update-shallow", *self._upload_pack())
        self._run(folder, "fetch", *options, "--", self.url, spec)

    def close(self) -> None:
        """End the running command and refuse others."""
        with self._lock:
            self._closed = True
            if self._running:
                _kill(self._running)

    def _run(self, folder: Path, *words: str) -> str:
        """Output of one git command.

        It has a session of its own: there is no terminal on which ssh could ask, and git's helpers end with it.
        """
        options = [word for option in _OPTIONS for word in ("-c", option)]
        environment = {"GIT_DIR": str(folder), **_environment(self._address)}
        with self._start([*options, *words], environment) as process:
            try:
                output, errors = process.communicate(timeout=self._timeout)
            except TimeoutExpired:
                _kill(process)
                raise SlowError(
                    f"{self.url}: no answer in {self._timeout:g} s; a larger source.timeout may help"
                ) from None
        if process.returncode:
            raise SourceError(f"{self.url}: {describe(errors.decode(errors='replace'))}")
        return output.decode(errors="replace")

    @contextmanager
    def _start(self, words: Sequence[str], environment: Mapping[str, str]) -> Iterator[Popen[bytes]]:
        """Run git so that close() can end it."""
        with ExitStack() as stack:
            with self._lock:
                if self._closed:
                    raise SourceError(f"{self.url}: the source is closed")
                process = self._running = stack.enter_context(start_git(words, environment, session=True))
            try:
                yield process
            finally:
                with self._lock:
                    self._running = None

    def _upload_pack(self) -> tuple[str, ...]:
        return (f"--upload-pack={_UPLOAD_PACK}",) if self._address.folder else ()


def _kill(process: Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _environment(address: Address) -> dict[str, str]:
    """What git is told about this repository; the user's own configuration and keys stay in force.

    Credentials go through the environment, which other users of the machine cannot read, not through the words of
    the command, which they can (git-config(1), GIT_CONFIG_COUNT).
    """
    environment = {"GIT_TERMINAL_PROMPT": "0", "GIT_ALLOW_PROTOCOL": address.protocols}
    if address.header:
        count = int(os.environ.get("GIT_CONFIG_COUNT") or 0)
        environment[f"GIT_CONFIG_KEY_{count}"] = f"http.{address.url}.extraHeader"
        environment[f"GIT_CONFIG_VALUE_{count}"] = address.header
        environment["GIT_CONFIG_COUNT"] = str(count + 1)
    return environment
