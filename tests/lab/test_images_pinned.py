"""What a recipe pins by digest, the lab's own image stands in for."""

from __future__ import annotations

import json

import pytest

from lab.host import LabError
from lab.images import postgres
from lab.images.pinned import pinned_names
from lab.lab import Lab
from tests.slurm.services import shipped

NAME = "zz-pinned"


def test_the_name_has_the_digest_and_no_tag() -> None:
    pinned = shipped("postgresql").spec.image
    (name,) = pinned_names(postgres.REFERENCE)
    assert name == "docker.io/library/postgres@" + pinned.partition("@")[2]
    assert pinned_names("docker.io/library/busybox:1.36") == []


@pytest.mark.node
def test_a_pod_runs_the_image_of_a_recipe(lab_node: Lab) -> None:
    facts = lab_node.kubernetes
    image = shipped("postgresql").spec.image
    main = {"name": "main", "image": image, "imagePullPolicy": "IfNotPresent", "command": ["postgres", "--version"]}
    spec = {"restartPolicy": "Never", "automountServiceAccountToken": False, "containers": [main]}
    item = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": NAME, "namespace": "ai"}, "spec": spec}
    facts.kubectl("create", "-f", "-", text=json.dumps(item))
    try:
        until = "--for=jsonpath={.status.phase}=Succeeded"
        facts.kubectl("wait", "-n", "ai", until, f"pod/{NAME}", "--timeout=60s")
    except LabError as error:
        pytest.fail(f"{error}\n{facts.kubectl('describe', 'pod', '-n', 'ai', NAME)}")
    finally:
        facts.kubectl("delete", "pod", "-n", "ai", NAME, "--wait=false")
