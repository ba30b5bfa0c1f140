"""A short storm, always with the same dice; the long one, `python -m tests.storm`, takes others each time."""

from __future__ import annotations

import pytest

from tests.storm.run import stormy_lab, weather

_SEED = 402


@pytest.mark.slurm
@pytest.mark.timeout(600)
def test_a_short_storm() -> None:
    said = [f"seed {_SEED}"]
    with stormy_lab() as lab:
        outcome = weather(lab, 25, _SEED, said.append)
    assert {what: found for what, found in outcome.broken.items() if found} == {}, "\n".join(said)
