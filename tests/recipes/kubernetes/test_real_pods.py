"""The shipped recipes as real pods: committed, used, killed, found again, changed by a commit."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab.lab import Lab
from tests.recipes.kubernetes.claims import absent_claim
from tests.recipes.kubernetes.stand import KubernetesStand
from tests.recipes.report import record
from tests.recipes.stories.telling import STORIES, Told, telling

pytestmark = [pytest.mark.node, pytest.mark.timeout(1800)]  # the first time, MinIO is built


@pytest.fixture(scope="module")
def stories(lab_node: Lab) -> Iterator[Told]:
    """All of them, told at once."""
    with telling(KubernetesStand(lab_node), absent_claim) as told:
        yield told


@pytest.mark.parametrize("name", [story.__name__ for story in STORIES])
def test_it_is_used_killed_found_again_and_changed(stories: Told, name: str) -> None:
    report = stories[name].result()
    assert report is not None
    assert report.version
    record(report)


def test_a_triton_without_a_model_is_not_healthy_though_it_says_ready(stories: Told) -> None:
    stories["triton_empty"].result()


def test_a_claim_that_is_not_there_is_named_and_waited_for(stories: Told) -> None:
    stories["absent_claim"].result()
