"""Real repositories, and scribes that write to them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lab.git_server import bare
from reconciler.desired.load import Loader
from reconciler.proposals import Scribe
from reconciler.settings import ProposalSettings, SourceSettings
from reconciler.source.git import GitSource
from reconciler.source.repository import GitRepository
from tests.desired.world import BUILTIN, settings
from tests.proposals.world import FIRST, text

_PERSON = {
    **os.environ,
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.org",
    "GIT_CONFIG_GLOBAL": os.devnull,
}


class Bare:
    """A bare repository as a forge has it, with one service."""

    def __init__(self, folder: Path) -> None:
        self.folder = bare(folder / "forge.git")
        self.by_hand({FIRST: text("first")}, "By hand")

    def git(self, *words: str, given: str = "") -> str:
        """Output of a git command there."""
        run = subprocess.run(
            ["git", *words], cwd=self.folder, env=_PERSON, input=given, capture_output=True, text=True, check=True
        )
        return run.stdout.strip()

    def by_hand(self, files: dict[str, str], message: str) -> str:
        """Somebody else's commit, with these files only."""
        folder, path = next(iter(files)).split("/")
        lines = (f"100644 blob {self.git('hash-object', '-w', '--stdin', given=one)}\t{path}" for one in files.values())
        inner = self.git("mktree", given="\n".join(lines) + "\n")
        tree = self.git("mktree", given=f"040000 tree {inner}\t{folder}\n")
        commit = self.git("commit-tree", tree, "-m", message)
        self.git("update-ref", "refs/heads/main", commit)
        return commit

    def subjects(self) -> list[str]:
        """Of the branch, newest first, along all parents."""
        return self.git("log", "--format=%s", "main").splitlines()

    def refs(self) -> list[str]:
        """All that there are."""
        return self.git("for-each-ref", "--format=%(refname:short)").splitlines()

    def hook(self, name: str, script: str) -> None:
        """A rule of the forge."""
        file = self.folder / "hooks" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)


@pytest.fixture
def forge(tmp_path: Path) -> Bare:
    return Bare(tmp_path)


@pytest.fixture
def scribes(tmp_path: Path) -> Iterator[Callable[..., Scribe]]:
    """Makes scribes, each with a state folder of its own, as two daemons have it."""
    made: list[GitSource] = []

    def make(url: object, **proposals: Any) -> Scribe:
        source = GitSource(SourceSettings(url=str(url)), tmp_path / f"state-{len(made)}", None)
        made.append(source)
        options = ProposalSettings(**proposals)
        loader = Loader(settings(), BUILTIN)
        return Scribe(GitRepository(source, options), loader, options, "desired", lambda: None)

    yield make
    for source in made:
        source.close()
