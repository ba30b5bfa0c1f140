"""What the board learns of the repository besides its files: when it was read, and how long that took."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import datetime, timedelta

from reconciler.board import Board
from reconciler.daemon.feed import Feed
from reconciler.desired.load import Loader
from reconciler.settings import Settings
from reconciler.source.git import GitSource
from tests.fakes import START
from tests.source.conftest import Repository


class Clock:
    """Goes on by a minute at each question."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        self.now += timedelta(minutes=1)
        return self.now


def test_each_reading_is_timed_and_the_last_that_succeeded_stays_known(
    repository: Repository, follow: Callable[..., GitSource]
) -> None:
    repository.commit("First", {"desired/a.yaml": "apiVersion: reconciler/v1\n"})
    settings = Settings.model_validate(
        {
            "owner": "o",
            "source": {"url": str(repository.folder)},
            "targets": {"slurm": {"kind": "slurm", "folders": {"data": "/d", "logs": "/l"}}},
            "state": "/state",
        }
    )
    board = Board()
    feed = Feed(follow(repository.folder), Loader(settings, {}), board, Clock())
    assert feed.refresh()
    first = board.status().source
    assert first.fetched == START + timedelta(minutes=1)
    assert first.seconds > 0
    assert not feed.refresh()
    assert board.status().source.fetched == START + timedelta(minutes=2)
    shutil.rmtree(repository.folder)
    assert not feed.refresh()
    lost = board.status().source
    assert lost.error
    assert lost.fetched == START + timedelta(minutes=2)
    tallies = board.tallies()
    assert tallies.fetches.count == 3
    assert tallies.fetches.total >= first.seconds
    assert tallies.source_failures == 1
