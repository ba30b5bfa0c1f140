"""A short storm; the long one is `python -m tests.storm`."""

from __future__ import annotations

import secrets

import pytest

from tests.storm.run import stormy_lab, weather


@pytest.mark.slurm
def test_a_short_storm() -> None:
    seed = secrets.randbelow(10**6)
    said = [f"seed {seed}"]
    with stormy_lab() as lab:
        outcome = weather(lab, 25, seed, said.append)
    assert {what: found for what, found in outcome.broken.items() if found} == {}, "\n".join(said)
