"""Somebody with rights changes our objects, or has one of a name that we want: put back, or left alone."""

from __future__ import annotations

import json
import time
from functools import partial

import pytest

from reconciler.shapes.status import ServiceShape
from tests.faults.kubernetes.cloud import Cloud
from tests.faults.kubernetes.witness import WEB

pytestmark = pytest.mark.controlplane

LABELS = ("app.kubernetes.io/managed-by", "reconciler/owner", "reconciler/service")


@pytest.mark.parametrize("kind", WEB)
def test_what_is_deleted_comes_back(cloud: Cloud, name: str, kind: str) -> None:
    before = cloud.uid(kind, name)
    cloud.kubectl("delete", kind, name, "--wait=false")
    cloud.until("it is back", lambda: cloud.uid(kind, name) not in ("", before))
    cloud.wait_there(name)


@pytest.mark.parametrize("kind", WEB)
@pytest.mark.parametrize("labels", [LABELS, LABELS[1:2]], ids=["all", "owner"])
def test_labels_that_are_taken_off_are_put_on_again(
    cloud: Cloud, name: str, kind: str, labels: tuple[str, ...]
) -> None:
    before = cloud.uids()
    cloud.kubectl("label", kind, name, *(f"{label}-" for label in labels))
    cloud.wait_there(name)
    assert cloud.item(kind, name)["metadata"]["labels"].keys() >= set(LABELS)
    assert cloud.uids() == before


def test_a_field_is_put_back_although_nobody_knows_who_set_what(cloud: Cloud, name: str) -> None:
    """managedFields are stripped, as by tools that restore backups; later changes of ours arrive all the same."""
    before = cloud.uid("Deployment", name)
    strip = [{"op": "replace", "path": "/metadata/managedFields", "value": [{}]}]
    cloud.kubectl("patch", "deployment", name, "--type=json", "-p", json.dumps(strip))
    cloud.kubectl("patch", "deployment", name, "--type=merge", "-p", '{"spec": {"revisionHistoryLimit": 9}}')
    cloud.until("it is put back", lambda: cloud.item("Deployment", name)["spec"]["revisionHistoryLimit"] == 3)
    cloud.want(name, env={"WORD": "new"})
    cloud.until("a field comes", lambda: "WORD" in environment(cloud, name))
    cloud.want(name)
    cloud.until("and goes", lambda: "WORD" not in environment(cloud, name))
    assert cloud.uid("Deployment", name) == before


def test_a_fight_is_named_and_slowed_down(cloud: Cloud, name: str) -> None:
    """Another manager undoes each repair at once."""
    wish = ("--type=merge", "-p", '{"spec": {"revisionHistoryLimit": 9}}', "--field-manager=rival")

    def undo() -> bool:
        if cloud.item("Deployment", name)["spec"]["revisionHistoryLimit"] == 3:
            cloud.kubectl("patch", "deployment", name, *wish)
        return bool(cloud.line(name).fights)

    cloud.until("it is called a fight", undo)
    assert "rival" in cloud.line(name).fights[0]
    began, before = time.monotonic(), cloud.generations(name)
    cloud.until("some seconds later", lambda: undo() and time.monotonic() > began + 3)
    assert max(cloud.generations(name)) - max(before) <= 2 * 3
    assert "rival" in cloud.line(name).fights[0]


def test_what_is_not_ours_is_a_conflict_and_stays_as_it_is(cloud: Cloud) -> None:
    names = {"nobodys": "", "theirs": "somebody-else"}
    cloud.kill()
    for name, owner in names.items():
        mark = {"app.kubernetes.io/managed-by": "reconciler", "reconciler/owner": owner, "reconciler/service": name}
        metadata = {"name": name, "labels": {"app": "theirs", **(mark if owner else {})}}
        item = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"words": "theirs"}}
        cloud.kubectl("create", "-f", "-", text=json.dumps(item))
    before = {name: whole(cloud, name) for name in names}
    cloud.want(*names)
    cloud.start()
    for name in names:
        cloud.wait_line(name, partial(says, f"ConfigMap {cloud.namespace}/{name} exists"))
    cloud.drop(*names)
    cloud.wait("both leave the table", lambda shape: not names.keys() & {one.service for one in shape.services})
    assert {name: whole(cloud, name) for name in names} == before
    assert not any(key.endswith(tuple(f"/{name}" for name in names)) for key in cloud.items())


def test_a_copy_of_our_object_is_not_ours(cloud: Cloud, name: str) -> None:
    """It has all labels and annotations of ours, as who copies YAML from the cluster makes it."""
    item = cloud.item("ConfigMap", name)
    metadata = {key: value for key, value in item["metadata"].items() if key in ("labels", "annotations")}
    cloud.kubectl("create", "-f", "-", text=json.dumps({**item, "metadata": metadata | {"name": f"{name}-copy"}}))
    before = whole(cloud, f"{name}-copy")
    cloud.want(name, env={"WORD": "new"})
    cloud.until("a change arrives", lambda: "WORD" in environment(cloud, name))
    cloud.drop(name)
    cloud.wait_gone(name)
    assert whole(cloud, f"{name}-copy") == before


def says(words: str, line: ServiceShape) -> bool:
    return words in line.why


def whole(cloud: Cloud, name: str) -> str:
    """A ConfigMap to the last byte."""
    return cloud.kubectl("get", "configmap", name, "-o", "yaml", "--show-managed-fields")


def environment(cloud: Cloud, name: str) -> set[str]:
    """The names of a container's environment variables."""
    (container,) = cloud.item("Deployment", name)["spec"]["template"]["spec"]["containers"]
    return {one["name"] for one in container["env"]}
