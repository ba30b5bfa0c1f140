"""Short random walks; `python -m tests.sim.kubernetes` takes long ones."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from tests.sim.kubernetes.__main__ import replay
from tests.sim.kubernetes.walk import walk
from tests.sim.walk import Tally

#: Steps of one walk.
_LENGTH = 300


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """The daemon's log says nothing that a broken rule would not, and takes time."""
    log = logging.getLogger("reconciler")
    level = log.level
    log.setLevel(logging.CRITICAL + 1)
    yield
    log.setLevel(level)


@pytest.mark.parametrize("seed", range(1, 9))
def test_no_rule_breaks_on_a_random_walk(seed: int) -> None:
    tally = Tally()
    walk(seed, _LENGTH, tally)
    trails = [f"{trail}\n{replay(seed, _LENGTH)}" for _, _, trail in tally.broken]
    assert not trails, "\n".join(trails)
    assert tally.steps >= _LENGTH
    assert tally.counts["calms"] > 1


def test_a_seed_replays_the_same_walk() -> None:
    first, second = Tally(), Tally()
    walk(11, 150, first)
    walk(11, 150, second)
    assert first == second
    assert first.counts["turns"]
