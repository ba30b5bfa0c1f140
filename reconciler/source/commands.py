"""Git on the clone itself, without anyone's configuration, and with a limit on what it may say."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen, TimeoutExpired
from tempfile import TemporaryFile
from typing import BinaryIO, cast

import git

from reconciler.errors import SourceError
from reconciler.models.text import redact
from reconciler.source.processes import collect, end_groups

#: Most bytes that one listing may have. A few crafted trees can name more files than there are atoms ("git bomb").
LISTING_LIMIT = 32 * 2**20
_ERROR_LIMIT = 600
#: Seconds for a command that is given its input: it is done in milliseconds, unless it waits for somebody's key.
_SECONDS = 20.0
#: Seconds for any other: gigabytes that are packed take minutes.
_LONGEST = 1800.0
#: Of a command that reads only the clone.
LOCAL_ENVIRONMENT = {
    "GIT_CONFIG_GLOBAL": os.devnull,  # what is read from objects depends on nobody's configuration
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_COUNT": "0",
    "GIT_CONFIG_PARAMETERS": "",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
}


class CloneError(SourceError):
    """The bare clone itself cannot be read; it is thrown away and made anew."""


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
        self._environment = {"GIT_DIR": str(folder), **LOCAL_ENVIRONMENT}

    def local(self, *words: str, limit: int = LISTING_LIMIT) -> bytes:
        """Output of a command on the clone.

        Raises CloneError when it fails, SourceError when it says more than `limit` bytes.
        """
        with start_git(words, self._environment) as process:
            output, errors = _collect(process, _LONGEST, limit)
        if process.returncode:
            raise CloneError(f"the clone cannot be read: {describe(errors)}")
        return output

    def make(self, *words: str, data: bytes, environment: Mapping[str, str] | None = None) -> bytes:
        """Output of a command that is given `data`: one that makes an object, or asks about many.

        It cannot ask a person anything. Raises CloneError when it fails, SourceError when it takes too long.
        """
        together = {**self._environment, **(environment or {})}
        with TemporaryFile() as given:
            given.write(data)
            given.seek(0)
            with start_git(words, together, given) as process:
                output, errors = _collect(process, _SECONDS, LISTING_LIMIT)
        if process.returncode:
            raise CloneError(f"the clone cannot be written: {describe(errors)}")
        return output

    @contextmanager
    def objects(self) -> Iterator[Objects]:
        """The clone's objects; the processes behind them end with the block."""
        commands = git.Git()
        commands.update_environment(**self._environment)
        try:
            yield Objects(commands)
        finally:
            commands.clear_cache()


@contextmanager
def start_git(
    words: Sequence[str], environment: Mapping[str, str], given: BinaryIO | None = None
) -> Iterator[Popen[bytes]]:
    """Run git with pipes, as the leader of a session of its own; it may read the file `given`.

    So there is no terminal on which it could ask, and what it starts ends with it. Raises SourceError when there is
    no git.
    """
    try:
        # GitPython's wrapper ends the process when it is collected, so it is held for as long as the block runs.
        held = git.Git().execute(
            ["git", *words], istream=given, env=environment, as_process=True, start_new_session=True
        )
    except git.GitCommandNotFound as error:
        raise SourceError("git is not installed; install it (Debian: apt-get install git)") from error
    with cast("Popen[bytes]", held.proc) as process:
        yield process


def _collect(process: Popen[bytes], seconds: float, limit: int) -> tuple[bytes, str]:
    """What a command says. Raises SourceError, with the command ended, when it takes too long or says too much."""
    why = ""
    try:
        output, errors = collect(process, seconds, limit)
    except OverflowError:
        why = f"says more than {limit} bytes; the repository is not read further"
    except TimeoutExpired:
        why = f"was not done in {seconds:g} s"
    if why:
        end_groups([process])
        raise SourceError(f"`{' '.join(map(str, process.args[:2]))}` {why}")  # type: ignore[index]  # it is a list
    return output, errors.decode(errors="replace")


def describe(errors: str) -> str:
    """What git said on standard error, hooks among it, in one printable line without what looks like a secret."""
    text = redact(" ".join(re.sub(r"//[^/@\s]*@", "//", errors).split())) or "git failed and said nothing"
    return "".join(char if char.isprintable() else " " for char in text)[:_ERROR_LIMIT]


@contextmanager
def _reading(name: str) -> Iterator[None]:
    try:
        yield
    except (ValueError, OSError) as error:
        raise CloneError(f"object {name} of the clone cannot be read") from error
