"""The disk on which the controller keeps what it has accepted runs full, and has room again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab.factory import Factory, is_healthy, line_of
from lab.fixtures import running
from lab.host import is_root
from lab.slurm_conf import Choices
from reconciler.shapes.status import StatusShape
from tests.e2e.world import alive, files

pytestmark = [
    pytest.mark.slurm,
    pytest.mark.skipif(not is_root(), reason="the small disk is a mount, which only root can make"),
]
RUNNING = ("early", "early-too")
LATER = ("late", "late-too")


@pytest.fixture
def factory() -> Iterator[Factory]:
    with running(choices=Choices(state_size=4)) as lab:
        made = Factory(lab)
        made.configure()
        made.commit(files(*RUNNING), "two services")
        made.start()
        made.wait_healthy(RUNNING)
        yield made
        made.stop()


def test_nothing_is_lost_and_nothing_comes_twice(factory: Factory) -> None:
    slurm = factory.lab.slurm
    before = alive(slurm, factory.owner)
    slurm.fill_state()
    factory.commit(files(*LATER), "two more, which cannot be kept now")
    factory.wait("refused for now", lambda shape: all("I/O error writing script" in why(shape, one) for one in LATER))
    factory.wait("the others go on", lambda shape: all(is_healthy(shape, one) for one in RUNNING))
    assert alive(slurm, factory.owner) == before
    slurm.empty_state()
    factory.wait_healthy([*RUNNING, *LATER])
    after = alive(slurm, factory.owner)
    assert {name: len(jobs) for name, jobs in after.items()} == {f"{name}.0": 1 for name in (*RUNNING, *LATER)}
    assert before.items() <= after.items()


def why(shape: StatusShape, name: str) -> str:
    line = line_of(shape, name)
    return line.why if line else ""
