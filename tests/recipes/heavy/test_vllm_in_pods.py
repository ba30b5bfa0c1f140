"""A real vLLM in real pods, of the image that the recipe names."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest

from lab.lab import Lab
from lab.vllm import vllm_folder
from tests.recipes.heavy import language
from tests.recipes.kubernetes.stand import KubernetesStand
from tests.recipes.report import record
from tests.recipes.stories.stand import Files

pytestmark = [pytest.mark.node, pytest.mark.timeout(1800)]  # the first time, it is fetched

_SIZE = {"storage": "10Gi"}


class VllmStand(KubernetesStand):
    """Its services have vLLM itself as a claim, besides the model: the image lacks it, as it is so large."""

    small: ClassVar[dict[str, Any]] = {"cpus": 0.5, "memory": "8Gi", "gpus": 0}

    def __init__(self, lab: Lab) -> None:
        super().__init__(lab, ["vllm"])
        self._programs = self.name("programs")
        self._own += [f"persistentvolumeclaim/{self._programs}", f"persistentvolume/{self._programs}"]
        for one in _volume(self._programs):
            self.kubernetes.kubectl("create", "--filename=-", text=json.dumps(one))

    def files(self, name: str) -> Files:
        found = super().files(name)
        mounts = [*found.spec["kubernetes"]["mounts"], {"claim": self._programs, "path": str(vllm_folder())}]
        return Files(found.place, found.inside, {"kubernetes": {"mounts": mounts}})


def _volume(name: str) -> list[dict[str, Any]]:
    """The folder of this machine as a volume for one claim, and that claim."""
    both = {"accessModes": ["ReadOnlyMany"], "storageClassName": "of-this-machine"}
    place = {"hostPath": {"path": str(vllm_folder()), "type": "Directory"}}
    volume = {**both, **place, "capacity": _SIZE, "claimRef": {"namespace": "ai", "name": name}}
    claim = {**both, "volumeName": name, "resources": {"requests": _SIZE}}
    kinds = {
        "PersistentVolume": ({"name": name}, volume),
        "PersistentVolumeClaim": ({"name": name, "namespace": "ai"}, claim),
    }
    return [
        {"apiVersion": "v1", "kind": kind, "metadata": metadata, "spec": spec}
        for kind, (metadata, spec) in kinds.items()
    ]


@pytest.fixture(scope="module")
def stand(lab_node: Lab) -> Iterator[VllmStand]:
    made = VllmStand(lab_node)
    made.factory.start()
    yield made
    made.close()


def test_it_is_used_killed_used_again_and_changed(stand: VllmStand) -> None:
    """Its name is that of the program: Kubernetes would give pods a VLLM_PORT for it, which vLLM takes for its own."""
    record(language.vllm(stand, "vllm"))
    (service,) = stand.kubernetes.kubectl("get", "services", "vllm", "--namespace=ai", "--output=name").split()
    assert service == "service/vllm"
    variables = {line.partition("=")[0] for line in stand.say("vllm", "env").splitlines()}
    assert "VLLM_CACHE_ROOT" in variables
    assert "VLLM_PORT" not in variables
    stand.factory.commit({"desired/vllm.yaml": None}, "no more\n\nReconciler-Allow-Removals: all")


def test_a_model_that_makes_no_token_is_healthy_once_nobody_asks_for_one(stand: VllmStand) -> None:
    language.vllm_without_tokens(stand, "embedder")
    stand.factory.commit({"desired/embedder.yaml": None}, "no more\n\nReconciler-Allow-Removals: all")
