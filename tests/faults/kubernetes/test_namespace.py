"""A namespace that is being removed takes its services with it; they are back when it is back, and others go on."""

from __future__ import annotations

import json

import pytest

from tests.faults.kubernetes.cloud import Cloud
from tests.faults.kubernetes.witness import WEB, Witness

pytestmark = pytest.mark.controlplane

GUARD = "example.com/guard"


def test_a_namespace_is_removed_and_made_again(cloud: Cloud) -> None:
    other = cloud.namespaces[1]
    witness = Witness(cloud.facts, other)
    cloud.want("guest", kubernetes={"namespace": other})
    cloud.until("it is there", lambda: len(witness.items(cloud.owner)) == len(WEB))
    metadata = {"name": "guarded", "namespace": other, "finalizers": [GUARD]}
    cloud.facts.kubectl(
        "create", "-f", "-", text=json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})
    )
    cloud.facts.kubectl("delete", "namespace", other, "--wait=false")
    cloud.wait_line("guest", lambda line: "terminat" in line.why or "forbidden" in line.why)
    cloud.want("others")
    cloud.wait_there("others")
    cloud.facts.kubectl(
        "patch", "configmap", "guarded", "-n", other, "--type=merge", "-p", '{"metadata": {"finalizers": null}}'
    )
    cloud.facts.kubectl("wait", "--for=delete", f"namespace/{other}", "--timeout=30s")
    cloud.make_namespace(other)
    cloud.until("it is back", lambda: len(witness.items(cloud.owner)) == len(WEB), 60)
    witness.close()
