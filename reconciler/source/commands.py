"""The one door to git: which words it gets, which environment, how long it may take, how much it may say."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen
from typing import IO, cast

import git

from reconciler.errors import SourceError
from reconciler.source.address import Address

#: Most bytes that one listing may have. A few crafted trees can name more files than there are atoms ("git bomb").
LISTING_LIMIT = 32 * 2**20
_ERROR_LIMIT = 600
_LOCAL_ENVIRONMENT = {
    "GIT_CONFIG_GLOBAL": os.devnull,  # what is read from objects depends on nobody's configuration
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_COUNT": "0",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
}
_REMOTE_OPTIONS = (
    "core.hooksPath=/dev/null",
    "protocol.version=2",  # so that any commit may be asked for, and only the wanted refs are listed
    "fetch.recurseSubmodules=false",
    "gc.autoDetach=false",  # no process outlives its command
    "maintenance.autoDetach=false",
)
#: A repository on this machine may belong to another user; the operator named it, and only its objects are read.
_UPLOAD_PACK = "git -c 'safe.directory=*' upload-pack"


class CloneError(SourceError):
    """The bare clone itself cannot be read; it is thrown away and made anew."""


class SlowError(SourceError):
    """The repository did not answer in time; asking for more would take longer still."""


class Objects:
    """Objects of the clone, through two git processes that stay open (git-cat-file(1))."""

    def __init__(self, commands: git.Git) -> None:
        self._git = commands

    def size(self, name: str) -> int:
        """Bytes of an object. Raises CloneError when it is not there."""
        with _reading(name):
            return self._git.get_object_header(name)[2]

    def data(self, name: str) -> bytes:
        """Content of an object. Raises CloneError when it is not there."""
        with _reading(name):
            _, _, size, data = self._git.get_object_data(name)
        if len(data) != size:
            raise CloneError(f"object {name} of the clone is cut short")
        return data


class Commands:
    """Git commands on one bare repository."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def local(self, *words: str, limit: int = LISTING_LIMIT) -> bytes:
        """Output of a command that only reads the clone.

        Raises CloneError when it fails, SourceError when it says more than `limit` bytes.
        """
        interrupt = self._open().execute(["git", *words], as_process=True)
        with cast("Popen[bytes]", interrupt.proc) as process:
            output = _read(process.stdout, limit + 1)
            if len(output) > limit:
                process.kill()
                raise SourceError(f"`git {words[0]}` says more than {limit} bytes; the repository is not read further")
            errors = _read(process.stderr, -1)
        if process.returncode:
            raise CloneError(f"the clone cannot be read: {describe(errors.decode(errors='replace'))}")
        return output

    def remote(self, address: Address, timeout: float, *words: str) -> str:
        """Output of a command that talks to `address`, ended after `timeout` seconds.

        Raises SourceError, and SlowError among them.
        """
        options = [word for option in _REMOTE_OPTIONS for word in ("-c", option)]
        try:
            status, output, errors = git.Git(self.folder).execute(
                ["git", *options, *words],
                env={"GIT_DIR": str(self.folder), **_remote_environment(address)},
                kill_after_timeout=timeout,
                with_extended_output=True,
                with_exceptions=False,
                start_new_session=True,  # no terminal on which ssh could ask for a password
            )
        except git.GitCommandNotFound as error:
            raise SourceError(
                "git is not installed on this machine; install it (Debian: apt-get install git)"
            ) from error
        if status == -signal.SIGKILL:
            raise SlowError(f"{address.url}: no answer in {timeout:g} s; a larger source.timeout may help")
        if status:
            raise SourceError(f"{address.url}: {describe(errors)}")
        return output

    @contextmanager
    def objects(self) -> Iterator[Objects]:
        """The clone's objects; the processes behind them end with the block."""
        commands = self._open()
        try:
            yield Objects(commands)
        finally:
            commands.clear_cache()

    def _open(self) -> git.Git:
        commands = git.Git(self.folder)
        commands.update_environment(GIT_DIR=str(self.folder), **_LOCAL_ENVIRONMENT)
        return commands


def upload_pack(address: Address) -> tuple[str, ...]:
    """The option that lets a local repository of another user be read, where one is needed."""
    return (f"--upload-pack={_UPLOAD_PACK}",) if address.folder else ()


def describe(errors: str) -> str:
    """What git said on standard error, in one printable line without credentials."""
    lines = [line.strip() for line in re.sub(r"//[^/@\s]*@", "//", errors).splitlines() if line.strip()]
    grave = [line for line in lines if line.startswith(("fatal:", "error:"))]
    text = " ".join(grave or lines[-3:]) or "git failed and said nothing"
    return "".join(char if char.isprintable() else " " for char in text)[:_ERROR_LIMIT]


def _remote_environment(address: Address) -> dict[str, str]:
    """Environment of a command that talks to the repository.

    The user's own configuration and keys stay in force. Credentials go through the environment, which other users
    of the machine cannot read, not through the words of the command, which they can (git-config(1), GIT_CONFIG_COUNT).
    """
    environment = {"GIT_TERMINAL_PROMPT": "0", "GIT_ALLOW_PROTOCOL": address.protocols}
    if address.header:
        count = int(os.environ.get("GIT_CONFIG_COUNT", "0"))
        environment[f"GIT_CONFIG_KEY_{count}"] = f"http.{address.url}.extraHeader"
        environment[f"GIT_CONFIG_VALUE_{count}"] = address.header
        environment["GIT_CONFIG_COUNT"] = str(count + 1)
    return environment


@contextmanager
def _reading(name: str) -> Iterator[None]:
    try:
        yield
    except (ValueError, OSError) as error:
        raise CloneError(f"object {name} of the clone cannot be read") from error


def _read(stream: IO[bytes] | None, count: int) -> bytes:
    return stream.read(count) if stream else b""
