"""Real repositories made by the git command, and sources that follow them."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lab.git_server import bare
from reconciler.settings import ProposalSettings, SourceSettings
from reconciler.source.git import GitSource
from reconciler.source.repository import GitRepository

_PERSON = {
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.org",
    "GIT_CONFIG_GLOBAL": os.devnull,
}


class Repository:
    """A repository with a work tree, changed as a person would change it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *words: str, text: str = "") -> str:
        """Output of a git command in the work tree."""
        run = subprocess.run(
            ["git", *words],
            cwd=self.folder,
            env={**os.environ, **_PERSON},
            input=text,
            capture_output=True,
            text=True,
            check=True,
        )
        return run.stdout.strip()

    def write(self, path: str, content: str | bytes) -> None:
        """Write one file of the work tree."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)

    def commit(self, message: str, files: dict[str, str | bytes | None] | None = None) -> str:
        """Write files (None: delete), commit everything and return the commit's id."""
        for path, content in (files or {}).items():
            if content is None:
                (self.folder / path).unlink()
            else:
                self.write(path, content)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")

    def blob(self, content: str) -> str:
        """Id of a new blob."""
        return self.git("hash-object", "-w", "--stdin", text=content)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A repository with one service at its head."""
    made = Repository(tmp_path / "team")
    made.commit("first", {"desired/a.yaml": "a: 1\n"})
    return made


@pytest.fixture
def follow(tmp_path: Path) -> Iterator[Callable[..., GitSource]]:
    """Makes sources with a state folder of the test; closes them."""
    made: list[GitSource] = []

    def make(url: object, *, recipes: str | None = None, **settings: Any) -> GitSource:
        source = GitSource(SourceSettings(url=str(url), **settings), tmp_path / "state", recipes)
        made.append(source)
        return source

    yield make
    for source in made:
        source.close()


@pytest.fixture
def central(repository: Repository, tmp_path: Path) -> Path:
    """A bare repository as a forge has it, with what `repository` has."""
    folder = bare(tmp_path / "central.git")
    repository.git("push", "--quiet", str(folder), "main")
    return folder


@pytest.fixture
def write(follow: Callable[..., GitSource]) -> Callable[..., GitRepository]:
    """Makes writing sides of sources, each with a state folder of the test; `proposals` are the settings of those."""

    def make(url: object, *, proposals: dict[str, Any] | None = None, **settings: Any) -> GitRepository:
        return GitRepository(follow(url, **settings), ProposalSettings(**(proposals or {})))

    return make


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Where the clone of a test's sources is."""
    return tmp_path / "state" / "source.git"


@pytest.fixture
def until() -> Callable[[Callable[[], bool]], None]:
    """Waits until something is true; fails after ten seconds."""

    def wait(is_true: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 10
        while not is_true():
            assert time.monotonic() < deadline, "it did not happen in ten seconds"
            time.sleep(0.01)

    return wait


@pytest.fixture
def remote(repository: Repository, until: Callable[[Callable[[], bool]], None]) -> Iterator[str]:
    """URL of the repository, served by git-daemon(1) on loopback."""
    daemon = Path(subprocess.run(["git", "--exec-path"], capture_output=True, text=True, check=True).stdout.strip())
    if not shutil.which("git-daemon", path=str(daemon)):
        pytest.skip("git-daemon is not installed")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    words = ["git-daemon", "--listen=127.0.0.1", f"--port={port}", "--export-all", "--reuseaddr"]
    words.append(f"--base-path={repository.folder.parent}")
    with subprocess.Popen([str(daemon / words[0]), *words[1:]], stderr=subprocess.DEVNULL) as process:
        try:
            until(lambda: _answers(port))
            yield f"git://127.0.0.1:{port}/{repository.folder.name}"
        finally:
            process.terminate()


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
