"""The ports of a job: each its own, also where there are just as many as it needs."""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest

from tests.slurm.jobs import Job
from tests.slurm.services import recipe, resolved

PORTS = {name: {"container": 8080 + number} for number, name in enumerate(("http", "grpc", "metrics"))}


def is_free(port: int) -> bool:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


def free(count: int) -> int:
    """The first of so many free ports beside each other."""
    return next(low for low in range(41_000, 60_000) if all(is_free(low + number) for number in range(count)))


@pytest.mark.parametrize("job", [4711, 4713])  # they begin to look at the second and at the fourth
def test_all_are_different_where_there_is_no_other(start: Callable[..., Job], job: int) -> None:
    low = free(5)
    with socket.create_server(("127.0.0.1", low + 3)), socket.create_server(("127.0.0.1", low + 4)):
        made = start(resolved("web", recipe(ports=PORTS)), job=job, ports=(low, low + 4))
        made.until(lambda: made.report is not None)
        assert made.report
        assert sorted(number for _, number in made.report.ports) == [low, low + 1, low + 2]


def test_one_too_few(start: Callable[..., Job]) -> None:
    low = free(3)
    with socket.create_server(("127.0.0.1", low + 1)):
        made = start(resolved("web", recipe(ports=PORTS)), ports=(low, low + 2))
        code, log = made.end()
    assert code == 78
    assert f"no free port from {low} to {low + 2}" in log
    assert made.report
    assert made.report.why == f"no-port@{low}-{low + 2}"
