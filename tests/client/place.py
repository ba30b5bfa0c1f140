"""A daemon's pages over a real repository, on TCP and on a socket, with a table that the test posts."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reconciler.board import Board
from reconciler.daemon.build import make_feed
from reconciler.daemon.office import Office, myself
from reconciler.metrics import utc_now
from reconciler.models.health import Health
from reconciler.models.status import ServiceStatus, State, TargetStatus
from reconciler.proposals import ServerService
from reconciler.settings import Settings
from reconciler.web import PageServer, make_app
from tests.e2e.world import RECIPE, RECIPE_PATH
from tests.fakes import START

TARGET = {"kind": "slurm", "folders": {"data": "/data", "logs": "/logs", "secrets": "/secrets"}}


@dataclass(frozen=True)
class Place:
    """What a test needs of it. `repository` is a work tree with the branch `main` checked out."""

    board: Board
    address: str
    state: Path
    repository: Path

    @property
    def socket(self) -> Path:
        return self.state / "api.sock"

    def git(self, *words: str) -> str:
        return git(self.repository, *words)

    def post(self, *names: str, health: Health = Health.HEALTHY, revision: str = "") -> None:
        """Let these services run on the target `slurm`, and nothing else."""
        at = utc_now()
        lines = [ServiceStatus(one, "slurm", "web", State.RUNNING, health, START, "", revision[:12]) for one in names]
        target = TargetStatus("slurm", "slurm", reachable=True, looked=at, revision=revision[:12])
        self.board.post_target(target, tuple(lines), at)


@contextmanager
def place(folder: Path, *, listen: str = "127.0.0.1:0", **http: Any) -> Iterator[Place]:
    """The pages, with these settings of theirs."""
    repository, state = folder / "repository", folder / "state"
    if not repository.exists():
        make_repository(repository, {RECIPE_PATH: RECIPE})
    content = {
        "owner": "clients",
        "source": {"url": str(repository)},
        "targets": {"slurm": TARGET},
        "state": str(state),
        "http": http,
    }
    settings, board = Settings.model_validate(content), Board()
    server = PageServer(listen, settings.http.limits, settings.http.tls)
    try:
        with make_feed(settings, board) as (source, feed):
            feed.refresh()
            office = Office(settings, board)

            def read() -> None:
                feed.refresh()

            office.open(source, feed, read)
            service = ServerService(board, office.desired, office.propose, myself("daemon"))
            server.start(make_app(board, utc_now, ("slurm",), service=service, http=settings.http))
            server.open_socket(state / "api.sock")
            (state / "http").write_text(server.address + "\n")
            yield Place(board, server.address, state, repository)
    finally:
        server.close()


def make_repository(folder: Path, files: Mapping[str, str]) -> None:
    """A repository with one commit."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all")
    git(folder, "-c", "user.name=Ada", "-c", "user.email=ada@example.org", "commit", "--quiet", "--message", "recipes")


def git(folder: Path, *words: str) -> str:
    """The output of git there."""
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull}
    done = subprocess.run(["git", *words], cwd=folder, env=environment, capture_output=True, text=True, check=True)
    return done.stdout
