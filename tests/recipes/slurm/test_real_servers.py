"""The shipped recipes on the real Slurm with real servers: committed, used, killed, found again, changed by a commit.

All services live at the same time, each in a thread; a test is the end of one story.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from lab.lab import Lab
from tests.recipes.report import Report, record
from tests.recipes.slurm.databases import postgresql, postgresql_elsewhere
from tests.recipes.slurm.models import triton, triton_empty
from tests.recipes.slurm.stand import Stand
from tests.recipes.slurm.stores import minio, seaweedfs
from tests.recipes.slurm.vectors import chroma, faiss_server

pytestmark = [pytest.mark.slurm, pytest.mark.timeout(1800)]  # the first time, MinIO is built

STORIES: list[Callable[[Stand], Report]] = [postgresql, chroma, faiss_server, triton, minio, seaweedfs]

Stories = dict[str, Future[Report | None]]


@pytest.fixture(scope="module")
def stories(lab_slurm: Lab) -> Iterator[Stories]:
    """All of them, told at once."""
    stand = Stand(lab_slurm)
    told: list[Callable[[Stand], Report | None]] = [*STORIES, postgresql_elsewhere, triton_empty]
    try:
        with ThreadPoolExecutor(len(told)) as pool:
            begun = {story.__name__: pool.submit(story, stand) for story in told}
            stand.factory.start()
            yield begun
    finally:
        stand.close()


@pytest.mark.parametrize("name", [story.__name__ for story in STORIES])
def test_it_is_used_killed_found_again_and_changed(stories: Stories, name: str) -> None:
    report = stories[name].result()
    assert report is not None
    assert report.version
    record(report)


def test_a_lock_file_that_names_a_stranger_on_another_node_keeps_no_database_down(stories: Stories) -> None:
    stories["postgresql_elsewhere"].result()


def test_a_triton_without_a_model_is_not_healthy_though_it_says_ready(stories: Stories) -> None:
    stories["triton_empty"].result()
