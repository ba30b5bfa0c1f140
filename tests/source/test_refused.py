"""A head that is not trusted, as the rest of the house hears of it."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from reconciler.board import Board
from reconciler.daemon.build import make_feed
from reconciler.settings import Settings
from tests.source.conftest import Repository
from tests.source.test_verify import Team, team

__all__ = ["team"]
GOOD = """\
apiVersion: reconciler/v1
kind: Service
metadata: {name: good}
spec: {recipe: faiss, target: slurm}
"""


def settings_of(team: Team, state: Path) -> Settings:
    slurm = {"kind": "slurm", "folders": {"data": "/d", "logs": "/l"}}
    source = {"url": str(team.repository.folder), "verify": team.verify()}
    content = {"owner": "me", "source": source, "targets": {"slurm": slurm}, "state": str(state)}
    return Settings.model_validate(content)


def test_what_is_wanted_stays_and_the_reason_is_on_the_board_and_once_in_the_log(
    team: Team, repository: Repository, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    repository.write("desired/a.yaml", GOOD)
    repository.git("add", "--all")
    repository.git("-c", f"user.signingkey={team.folder / 'ada'}", "commit", "--quiet", "-S", "-m", "good")
    good = repository.git("rev-parse", "HEAD")
    board = Board()
    with make_feed(settings_of(team, tmp_path / "state"), board) as (_, feed), caplog.at_level(logging.WARNING):
        assert feed.refresh()
        assert board.status().source.verified is True
        bad = repository.commit("bad", {"desired/a.yaml": None})
        for _ in range(3):
            assert not feed.refresh()
        assert feed.desired is not None
        assert set(feed.desired.services) == {"good"}
        source = board.status().source
        assert source.revision is not None
        assert (source.revision.sha, source.verified) == (good, False)
        assert source.error.startswith(f"commit {bad[:12]} is not trusted: it is not signed with an SSH key; sign it")
        assert feed.failure == source.error, "so that nothing is removed that a newer revision may want"
        assert [record.getMessage() for record in caplog.records] == [source.error]
        team.commit("well again")
        assert feed.refresh()
        assert (board.status().source.error, feed.failure) == ("", "")
