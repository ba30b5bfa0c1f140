"""Rule 1. A look that failed says so, and nothing on that target is cancelled or submitted because of it."""

from __future__ import annotations

import time

import pytest

from lab.factory import Factory, line_of
from lab.lab import Lab
from tests.e2e.world import alive, deployments, files, jobs, metric, page


@pytest.mark.slurm
def test_slurm_without_its_controller(factory: Factory, lab_slurm: Lab) -> None:
    slurm = lab_slurm.slurm
    factory.commit(files("a", "b"), "two")
    factory.start()
    factory.wait_healthy(["a", "b"])
    before = {job.id for job in jobs(slurm, factory.owner)}
    slurm.stop_controller()
    try:
        shape = factory.wait("unknown", lambda shape: all(one.state == "Unknown" for one in shape.services), 40)
        assert shape.targets[0].why
        assert metric(page(factory.state, "/metrics"), "reconciler_target_up", target="slurm") == 0
        factory.commit({"desired/a.yaml": None, **files("c")}, "one goes, one comes")
        time.sleep(3)
    finally:
        slurm.start_controller()
    factory.wait_healthy(["b", "c"])
    factory.wait("a is gone", lambda shape: line_of(shape, "a") is None)
    after = alive(slurm, factory.owner)
    assert set(after) == {"b.0", "c.0"}
    assert set(after["b.0"]) <= before


@pytest.mark.controlplane
def test_kubernetes_without_its_server(both: Factory, lab_control_plane: Lab) -> None:
    kubernetes = lab_control_plane.kubernetes
    both.commit(files("a", "b", target="kubernetes", replicas=0), "two")
    both.start()
    both.wait_healthy(["a", "b"])
    before = deployments(kubernetes, both.owner)
    kubernetes.stop_server()
    try:
        both.wait("unknown", lambda shape: all(one.state == "Unknown" for one in shape.services), 40)
    finally:
        kubernetes.start_server()
    both.wait_healthy(["a", "b"])
    assert deployments(kubernetes, both.owner) == before
