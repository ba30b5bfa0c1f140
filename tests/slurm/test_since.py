"""Since when a job is not healthy any more, and when it was handed over."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.slurm.test_states import FRAME, at, see
from tests.slurm.texts import RUNNING


@pytest.mark.parametrize(
    ("note", "state", "since"),
    [
        ("n=a t=1000 h=bad u=1200", "RUNNING", 1200),
        ("n=a t=1000 h=bad", "RUNNING", 1000),
        ("n=a t=1000 h=ok u=1200", "RUNNING", None),
        ("n=a t=1000 h=starting u=1000", "RUNNING", None),
        ("n=a t=999 h=bad u=1200", "RUNNING", None),
        ("n=a t=1000 h=bad u=1200", "SUSPENDED", None),
        ("n=a t=1000 h=bad u=1200", "COMPLETING", None),
        ("n=a t=1000 h=bad u=1200", "FAILED", None),
        ("", "RUNNING", None),
    ],
)
def test_only_a_job_that_runs_and_was_healthy_is_unhealthy(note: str, state: str, since: int | None) -> None:
    assert see(note, state=state).unhealthy == (None if since is None else at(since))


def test_it_was_handed_over_when_it_was_submitted_by_this_machines_clock() -> None:
    assert RUNNING.submit is not None
    assert see().submitted == at(RUNNING.submit)
    assert see(frame=replace(FRAME, offset=60)).submitted == at(RUNNING.submit - 60)
