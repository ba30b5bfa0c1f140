"""Git towards the repository that is followed: over the network or on this machine, within a time."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen, TimeoutExpired

from reconciler.errors import SourceError
from reconciler.source.address import Address
from reconciler.source.commands import LISTING_LIMIT, describe, start_git
from reconciler.source.processes import collect, end_groups

_OPTIONS = (
    "core.hooksPath=/dev/null",
    "protocol.version=2",  # so that any commit may be asked for, and only the wanted refs are listed
    "fetch.recurseSubmodules=false",
    "push.recurseSubmodules=no",
    "push.followTags=false",
    "push.gpgSign=false",
    "gc.autoDetach=false",  # no process outlives its command
    "maintenance.autoDetach=false",
)
#: A repository on this machine may belong to another user; the operator named it, and only its objects are read.
_UPLOAD_PACK = "git -c 'safe.directory=*' upload-pack"
#: What is checked out over there follows the branch while it is as it was committed; otherwise Git refuses the push.
_RECEIVE_PACK = "git -c receive.denyCurrentBranch=updateInstead receive-pack"

#: Git asks for credentials when it has none, and when the ones that it has are refused; here there is nobody to ask.
_WHO = re.compile(r"could not read (username|password)|authentication failed", re.IGNORECASE)


class SlowError(SourceError):
    """The repository did not answer in time; asking for more would take longer still."""


@dataclass(frozen=True, slots=True)
class Refs:
    """Refs of the repository: their ids, and what the symbolic ones point to."""

    ids: Mapping[str, str] = field(default_factory=dict)
    symbolic: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Said:
    """What a command ended with, and said."""

    code: int
    output: str
    errors: str

    @property
    def words(self) -> str:
        """The errors in one line, and in other words where Git's own speak of a terminal."""
        advice = "; the user and password in source.url are missing or refused" if _WHO.search(self.errors) else ""
        return describe(self.errors) + advice


class Remote:
    """The followed repository. `timeout`: seconds for one command. Several commands may run at the same time."""

    def __init__(self, address: Address, timeout: float) -> None:
        self.url = address.url
        self.timeout = timeout
        self._address = address
        self._lock = threading.Lock()
        self._running: set[Popen[bytes]] = set()
        self._closed = False

    def list_refs(self, folder: Path, name: str, seconds: float | None = None) -> Refs:
        """Refs that end with `name`, a pattern (git-ls-remote(1)). Raises SourceError, or SlowError.

        `seconds`: time for it, where that is not the usual one.
        """
        nowhere = folder / "no-repository"  # it needs none, and a broken one would stop it
        words = ("ls-remote", "--quiet", "--symref", *self._upload_pack(), "--", self.url, name)
        lines = [line.partition("\t") for line in self._run(nowhere, *words, seconds=seconds).splitlines()]
        return Refs(
            {ref: sha for sha, _, ref in lines if not sha.startswith("ref: ")},
            {ref: points.removeprefix("ref: ") for points, _, ref in lines if points.startswith("ref: ")},
        )

    def fetch(self, folder: Path, spec: str) -> None:
        """Fetch one refspec into the bare repository `folder`. Raises SourceError, or SlowError.

        `--update-shallow` takes a shallow repository as it is.
        """
        options = ("--quiet", "--no-tags", "--no-write-fetch-head", "--update-shallow", *self._upload_pack())
        self._run(folder, "fetch", *options, "--", self.url, spec)

    def push(self, folder: Path, sha: str, ref: str, *, new: bool) -> Said:
        """Push a commit of `folder` to `ref`, never by force; `new`: only where there is no such ref yet.

        Returns what Git says, refusals too (see push.py). Raises SlowError, or SourceError when it was not tried.
        """
        options = ["--porcelain", "--no-verify", "--no-progress"]
        options += [f"--receive-pack={_RECEIVE_PACK}"] if self._address.folder else []
        options += [f"--force-with-lease={ref}:"] if new else []
        return self._ask(folder, ["push", *options, "--", self.url, f"{sha}:{ref}"], self.timeout)

    def close(self) -> None:
        """End the running commands and refuse others."""
        with self._lock:
            self._closed = True
            running = list(self._running)
        end_groups(running)

    def _run(self, folder: Path, *words: str, seconds: float | None = None) -> str:
        """Output of one git command. Raises SourceError when it fails."""
        said = self._ask(folder, words, self.timeout if seconds is None else seconds)
        if said.code:
            raise SourceError(f"{self.url}: {said.words}")
        return said.output

    def _ask(self, folder: Path, words: Sequence[str], seconds: float) -> Said:
        """Run one git command to its end.

        It has a session of its own: there is no terminal on which ssh could ask, and git's helpers end with it.
        """
        options = [word for option in _OPTIONS for word in ("-c", option)]
        environment = {"GIT_DIR": str(folder), **_environment(self._address)}
        with self._start([*options, *words], environment) as process:
            try:
                output, errors = collect(process, seconds, LISTING_LIMIT)
            except TimeoutExpired:
                end_groups([process])
                raise SlowError(f"{self.url}: no answer in {seconds:g} s; a larger source.timeout may help") from None
            except OverflowError as error:
                end_groups([process])
                raise SourceError(f"{self.url}: it lists too many refs: {error}") from None
        return Said(process.returncode, output.decode(errors="replace"), errors.decode(errors="replace"))

    @contextmanager
    def _start(self, words: Sequence[str], environment: Mapping[str, str]) -> Iterator[Popen[bytes]]:
        """Run git so that close() can end it."""
        with ExitStack() as stack:
            with self._lock:
                if self._closed:
                    raise SourceError(f"{self.url}: the source is closed")
                process = stack.enter_context(start_git(words, environment))
                self._running.add(process)
            try:
                yield process
            finally:
                with self._lock:
                    self._running.discard(process)

    def _upload_pack(self) -> tuple[str, ...]:
        return (f"--upload-pack={_UPLOAD_PACK}",) if self._address.folder else ()


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
