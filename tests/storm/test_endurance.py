"""Two services through two time limits and a kill of the daemon; the long run is `python -m tests.storm.show`."""

from __future__ import annotations

import pytest

from tests.storm.endurance import STATEFUL, STATELESS, Course
from tests.storm.show import endure


@pytest.mark.slurm
def test_services_outlive_their_jobs() -> None:
    said: list[str] = []
    result = endure(Course(limits=2, nodes=0, kills=1), said.append)
    seen = {one.service: one for one in result.seen}
    story = "\n".join(said)
    assert (result.went_back, result.overlaps, result.duplicates) == (0, [], []), story
    assert seen[STATELESS].failed == 0, story
    assert seen[STATEFUL].longest_gap < 10, story
    assert all(one.asked > 500 for one in result.seen), story
