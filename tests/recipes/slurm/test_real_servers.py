"""The shipped recipes as jobs with real servers: committed, used, killed, found again, changed by a commit."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab.lab import Lab
from tests.recipes.report import record
from tests.recipes.slurm.moved import moved
from tests.recipes.slurm.stand import SlurmStand
from tests.recipes.stories.telling import STORIES, Told, telling

pytestmark = [pytest.mark.slurm, pytest.mark.timeout(1800)]  # the first time, MinIO is built


@pytest.fixture(scope="module")
def stories(lab_slurm: Lab) -> Iterator[Told]:
    """All of them, told at once."""
    with telling(SlurmStand(lab_slurm), moved) as told:
        yield told


@pytest.mark.parametrize("name", [story.__name__ for story in STORIES])
def test_it_is_used_killed_found_again_and_changed(stories: Told, name: str) -> None:
    report = stories[name].result()
    assert report is not None
    assert report.version
    record(report)


def test_a_lock_file_that_names_a_stranger_on_another_node_keeps_no_database_down(stories: Told) -> None:
    stories["moved"].result()


def test_a_triton_without_a_model_is_not_healthy_though_it_says_ready(stories: Told) -> None:
    stories["triton_empty"].result()
