"""What is done to bare repositories and seen in them, and pushes that go on beside a test."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

from reconciler.errors import SourceError
from reconciler.models.revision import Revision
from reconciler.source.repository import GitRepository

Write = Callable[..., GitRepository]


def git(folder: Path, *words: str) -> str:
    """Output of a git command in a bare repository."""
    plain = {**os.environ, "GIT_CONFIG_PARAMETERS": "", "GIT_CONFIG_GLOBAL": os.devnull}
    run = subprocess.run(["git", *words], cwd=folder, env=plain, capture_output=True, text=True, check=True)
    return run.stdout.rstrip("\n")


def start(writer: GitRepository, path: str, text: str | None = "x: 1\n", message: str = "Start x") -> Revision:
    """A commit on the head that is not pushed."""
    return writer.commit(writer.head(), {path: text}, message, "Ada")


def listing(revision: Revision, clone: Path) -> dict[str, str]:
    """Path → mode of all files of a commit of the clone."""
    lines = git(clone, "ls-tree", "-r", "--full-tree", "--format=%(path) %(objectmode)", revision.sha).splitlines()
    return dict(line.rsplit(" ", 1) for line in lines)


def hook(folder: Path, name: str, *lines: str) -> None:
    """A hook of a repository, as a shell script."""
    file = folder / "hooks" / name
    file.parent.mkdir(exist_ok=True)
    file.write_text("\n".join(("#!/bin/sh", *lines, "")))
    file.chmod(0o755)


def refs(folder: Path) -> dict[str, str]:
    """All refs of a repository."""
    lines = git(folder, "for-each-ref", "--format=%(refname) %(objectname)").splitlines()
    return dict(line.split(" ") for line in lines)


def is_free(folder: Path) -> bool:
    """Whether no lock is left in a repository."""
    return not list(folder.rglob("*.lock"))


def is_clean(folder: Path) -> bool:
    """Whether nothing half done is left either."""
    return is_free(folder) and not list(folder.rglob("tmp_*"))


class Pushing(threading.Thread):
    """A push in a thread of its own, which has begun; `errors` is what it ended with, if it was not pushed."""

    def __init__(self, writer: GitRepository, made: Revision) -> None:
        super().__init__()
        self._writer = writer
        self._made = made
        self.errors: list[SourceError] = []
        self.start()

    def run(self) -> None:
        try:
            self._writer.push(self._made)
        except SourceError as error:
            self.errors.append(error)
