"""The real Prometheus finds the pods of the real Kubernetes, at their own addresses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from secrets import token_hex
from typing import Any
from urllib.parse import urlsplit

import pytest

from lab.factory import Factory
from lab.lab import Lab
from lab.monitoring import Prometheus
from lab.wait import until
from tests.e2e.world import remove_all, service
from tests.monitoring.page import config, jobs

pytestmark = [pytest.mark.node]


@pytest.fixture
def on_node(lab_node: Lab) -> Iterator[Factory]:
    owner = f"n{token_hex(4)}"
    made = Factory(lab_node, owner, owner=owner)
    made.configure(slurm=False, kubeconfig=lab_node.kubernetes.daemon_kubeconfig)
    yield made
    made.stop()
    remove_all(lab_node.kubernetes, owner)


def pods(lab: Lab, owner: str) -> dict[str, str]:
    """Name to address of the pods that are ready and are to stay, as the API server says."""
    selector = f"--selector=reconciler/owner={owner}"
    items = json.loads(lab.kubernetes.kubectl("get", "pods", "--namespace=ai", selector, "--output=json"))["items"]
    return {one["metadata"]["name"]: one["status"]["podIP"] for one in items if _is_ready(one)}


def _is_ready(pod: dict[str, Any]) -> bool:
    ready = any((one["type"], one["status"]) == ("Ready", "True") for one in pod["status"].get("conditions", ()))
    return ready and "deletionTimestamp" not in pod["metadata"]


def test_prometheus_finds_pods_and_follows_one_that_dies(
    on_node: Factory, lab_node: Lab, lab_prometheus: Prometheus
) -> None:
    small = {"cpus": 1, "memory": "128Mi"}
    web = f"{on_node.owner}-web"
    text = service(web, "kubernetes", "faiss", resources=small, replicas=2, config={"dimension": 4})
    on_node.commit({f"desired/{web}.yaml": text}, "two pods")
    on_node.start()
    on_node.wait_healthy([web], 120)
    address = (on_node.state / "http").read_text().strip().removeprefix("http://")
    found = jobs(address=address)
    lab_prometheus.start(config({"services": found["services"]}))

    def scraped() -> dict[str, str]:
        """Pod to address, as Prometheus has it."""
        urls = {
            one["labels"]["instance"]: one["scrapeUrl"] for one in lab_prometheus.targets() if one["health"] == "up"
        }
        return {name.replace("web.", "web-", 1): urlsplit(url).hostname or "" for name, url in urls.items()}

    def agree() -> bool:
        known = pods(lab_node, on_node.owner)
        return len(known) == 2 and scraped() == known

    until(agree, 60, "both pods")
    (sample, _) = lab_prometheus.wait_for("faiss_dimension == 4", lambda samples: len(samples) == 2)
    known = [sample.labels.get(word) for word in ("platform", "target", "recipe", "pod")]
    assert known == ["kubernetes", "kubernetes", "faiss", None]
    first = sorted(pods(lab_node, on_node.owner))
    lab_node.kubernetes.kubectl("delete", "pod", first[0], "--namespace=ai", "--wait=false")
    until(lambda: agree() and first[0] not in scraped(), 90, "another pod in its place")
    assert first[1] in scraped()
    on_node.commit({f"desired/{web}.yaml": None}, "no more")
    until(lambda: scraped() == {}, 60, "nothing")
