"""Where the daemon takes proposals: closed until it works with its state folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.board import Board
from reconciler.daemon.build import make_feed
from reconciler.daemon.office import Office, myself
from reconciler.errors import SourceError
from reconciler.models.proposal import Proposal, Role, Suspend
from reconciler.settings import Settings
from tests.desired.world import settings
from tests.proposals.conftest import Bare


@pytest.fixture
def operator(forge: Bare, tmp_path: Path) -> Settings:
    usual = settings()
    source = usual.source.model_copy(update={"url": str(forge.folder)})
    return usual.model_copy(update={"source": source, "state": tmp_path / "state"})


def test_it_is_closed_until_it_is_opened(operator: Settings) -> None:
    office = Office(operator, Board())
    with pytest.raises(SourceError, match="just starting; try again"):
        office.propose(Proposal(Suspend("first"), myself("command line")))
    assert office.desired() is None
    assert not office.has("f" * 40)


def test_a_commit_is_in_force_once_the_daemon_has_read_it(operator: Settings, forge: Bare) -> None:
    board, rung = Board(), []
    office, asked = Office(operator, board), myself("command line")
    with make_feed(operator, board) as (source, feed):
        office.open(source, feed, lambda: rung.append(1))
        feed.refresh()
        first = forge.git("rev-parse", "main")
        made = office.propose(Proposal(Suspend("first"), asked))
        assert (office.has(first), office.has(made.commit), rung) == (True, False, [1])
        feed.refresh()
        assert (office.has(first), office.has(made.commit), office.has("f" * 40)) == (True, True, False)
        later = forge.by_hand({"desired/other.yaml": "x: 1\n"}, "A new history, by force")
        feed.refresh()
        assert (office.has(later), office.has(made.commit)) == (True, False)
    assert asked.caller.role is Role.ADMIN
    assert "Requested-Through: command line" in forge.git("log", "-1", "--format=%B", made.commit)
