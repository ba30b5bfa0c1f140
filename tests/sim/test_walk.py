"""A short random walk; `python -m tests.sim` takes long ones."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from tests.sim.__main__ import LENGTH
from tests.sim.walk import Tally, walk


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """The daemon's log says nothing that a broken rule would not, and takes time."""
    log = logging.getLogger("reconciler")
    level = log.level
    log.setLevel(logging.CRITICAL + 1)
    yield
    log.setLevel(level)


@pytest.mark.parametrize("seed", range(1, 11))
def test_no_rule_breaks_on_a_random_walk(seed: int) -> None:
    tally = Tally()
    walk(seed, LENGTH, tally)
    trails = [f"{trail}\nreplay: python -m tests.sim --steps {LENGTH} --seed {seed}" for _, _, trail in tally.broken]
    assert not trails, "\n".join(trails)
    assert tally.steps >= LENGTH
    assert tally.counts["calms"] > 1


def test_a_seed_replays_the_same_walk() -> None:
    first, second = Tally(), Tally()
    walk(11, 300, first)
    walk(11, 300, second)
    assert first == second
