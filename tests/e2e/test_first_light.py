"""A commit becomes running services: added, changed, suspended, restarted, removed."""

from __future__ import annotations

import time

import pytest

from lab.factory import Factory, is_healthy, line_of
from lab.lab import Lab
from reconciler.shapes.status import StatusShape
from tests.e2e.world import alive, deployments, files, jobs, metric, page, service, until

pytestmark = [pytest.mark.slurm]


def test_a_service_lives_from_its_first_commit_to_its_last(factory: Factory, lab_slurm: Lab) -> None:
    slurm, owner = lab_slurm.slurm, factory.owner
    factory.commit(files("stays"), "one service")
    factory.start()
    factory.wait_healthy(["stays"])

    began = time.monotonic()
    factory.commit(files("comes"), "another")
    until("the job of the new service", lambda: "comes.0" in alive(slurm, owner), 5)
    assert time.monotonic() - began < 2
    factory.wait_healthy(["comes"])

    (first,) = alive(slurm, owner)["comes.0"]
    factory.commit(files("comes", config={"greeting": "good evening"}), "another greeting")
    until("another job", lambda: alive(slurm, owner).get("comes.0") not in (None, [first]), 10)
    factory.wait_healthy(["comes"])
    until("one job", lambda: len(alive(slurm, owner)["comes.0"]) == 1)

    factory.commit(files("comes", config={"greeting": "good evening"}, suspend=True), "suspend")
    shape = factory.wait("suspended", lambda shape: "Suspended" in state_of(shape, "comes"))
    assert line_of(shape, "comes") is not None
    assert "comes.0" not in alive(slurm, owner)

    factory.commit({"desired/comes.yaml": None}, "remove it")
    factory.wait("gone from the table", lambda shape: line_of(shape, "comes") is None)
    assert set(alive(slurm, owner)) == {"stays.0"}
    metrics = page(factory.state, "/metrics")
    assert metric(metrics, "reconciler_service", service="stays") is not None
    assert metric(metrics, "reconciler_service", service="comes") is None


def test_a_new_value_of_restart_restarts_once(factory: Factory, lab_slurm: Lab) -> None:
    slurm, owner = lab_slurm.slurm, factory.owner
    factory.commit(files("a"), "one service")
    factory.start()
    factory.wait_healthy(["a"])
    (first,) = alive(slurm, owner)["a.0"]
    factory.commit(files("a", restart="2026-01-01"), "restart it")
    until("a new job alone", lambda: len(ids := alive(slurm, owner).get("a.0", [])) == 1 and ids != [first])
    factory.wait_healthy(["a"])
    made = len(jobs(slurm, owner))
    time.sleep(2.5)
    assert len(jobs(slurm, owner)) == made


def test_replicas_are_jobs_of_their_own(factory: Factory, lab_slurm: Lab) -> None:
    factory.commit(files("a", replicas=3), "three")
    factory.start()
    shape = factory.wait("three ready", lambda shape: (line := line_of(shape, "a")) is not None and line.ready == 3)
    line = line_of(shape, "a")
    assert line is not None
    assert len(set(line.endpoints["http"])) == 3
    factory.commit(files("a", replicas=1), "one is enough")
    until("one job", lambda: set(alive(lab_slurm.slurm, factory.owner)) == {"a.0"})


@pytest.mark.controlplane
def test_kubernetes_objects_come_change_and_go(both: Factory, lab_control_plane: Lab) -> None:
    kubernetes, owner = lab_control_plane.kubernetes, both.owner
    both.commit(files("keep", "web", target="kubernetes", replicas=0), "two")
    both.start()
    until("both", lambda: set(deployments(kubernetes, owner)) == {"keep", "web"})
    both.wait_healthy(["keep", "web"])
    uid = deployments(kubernetes, owner)["web"]

    kubernetes.kubectl("delete", "deployment", "web", "--namespace=ai", "--wait=true")
    until("it comes back", lambda: deployments(kubernetes, owner).get("web") not in (None, uid), 10)
    uid = deployments(kubernetes, owner)["web"]

    both.commit(files("web", target="kubernetes", replicas=0, config={"greeting": "hi"}), "another greeting")
    until("the config map", lambda: "hi" in kubernetes.kubectl("get", "configmap", "--namespace=ai", "-o", "json"), 5)
    assert deployments(kubernetes, owner)["web"] == uid

    both.commit({"desired/web.yaml": None}, "remove it")
    until("it goes", lambda: set(deployments(kubernetes, owner)) == {"keep"})
    until("all of it", lambda: "web" not in deployments(kubernetes, owner, "services,configmaps"))


def test_auto_sends_gpus_to_slurm_and_the_rest_to_kubernetes(both: Factory) -> None:
    texts = files("plain", target="auto", replicas=0)
    texts["desired/gpu.yaml"] = service("gpu", "auto", replicas=0, resources={"gpus": 1, "gpuType": "a100"})
    both.commit(texts, "one with a GPU and one without")
    both.start()
    shape = both.wait("both placed", lambda shape: len(shape.services) == 2)
    assert {one.service: one.target for one in shape.services} == {"plain": "kubernetes", "gpu": "slurm"}


def state_of(shape: StatusShape, name: str) -> str:
    line = line_of(shape, name)
    return line.state if line else ""


def test_sigterm_ends_the_daemon_within_seconds_and_the_services_go_on(factory: Factory, lab_slurm: Lab) -> None:
    factory.commit(files("a"), "one service")
    factory.start()
    factory.wait_healthy(["a"])
    before = alive(lab_slurm.slurm, factory.owner)
    began = time.monotonic()
    assert factory.stop() == 0
    assert time.monotonic() - began < 5
    assert alive(lab_slurm.slurm, factory.owner) == before
    factory.start()
    shape = factory.wait_healthy(["a"])
    assert is_healthy(shape, "a")
    assert alive(lab_slurm.slurm, factory.owner) == before
