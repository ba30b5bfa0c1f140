"""A start on Slurm is followed as closely as the site allows, however long the time between two looks is otherwise."""

from __future__ import annotations

import pytest

from lab.factory import Factory
from tests.e2e.world import RECIPE, RECIPE_PATH, files

pytestmark = pytest.mark.slurm

#: Longer than the early look that follows each action.
SLOW = RECIPE.replace(
    "[python3, -m, http.server, --bind", """[bash, -c, 'sleep 4; exec "$@"', sh, python3, -m, http.server, --bind"""
)


def test_a_start_does_not_wait_for_the_next_tick(factory: Factory) -> None:
    factory.configure(targets={"slurm": factory.slurm_target() | {"tick": "5m", "minInterval": "1s"}})
    assert SLOW != RECIPE
    factory.commit({**files("young"), RECIPE_PATH: SLOW}, "one service")
    factory.start()
    factory.wait_healthy(["young"], 60)
