"""Claims that were kept: whose data they hold, and how large they become when they are wanted again."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from reconciler.errors import ConflictError, RefusedError, WaitingError
from reconciler.kube import marks
from reconciler.kube.kinds import Object
from reconciler.kube.write.grow import why_not
from tests.kube.conftest import until
from tests.kube.write.writer import Writer


def sized(writer: Writer, size: str, storage_class: str = "", **spec: object) -> Object:
    """A StatefulSet without pods but one claim."""
    item = writer.stateful_set(size, **spec)
    (template,) = item["spec"]["volumeClaimTemplates"]
    template["spec"] |= {"storageClassName": storage_class} if storage_class else {}
    return item


def claim(writer: Writer) -> Object:
    """Its claim as the server has it; empty while there is none."""
    text = writer.cluster.facts.kubectl(
        "get", "pvc", f"data-{writer.name}-0", "-n", "ai", "-o", "json", "--ignore-not-found"
    )
    found: Object = json.loads(text) if text else {}
    return found


def asked(writer: Writer) -> str:
    return str(claim(writer).get("spec", {}).get("resources", {}).get("requests", {}).get("storage", ""))


@pytest.fixture
def growing(writer: Writer) -> Iterator[str]:
    """A storage class whose claims may grow, and a volume of it."""
    name = f"{writer.owner}-grows"
    volume = {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name},
        "spec": {
            "capacity": {"storage": "10Gi"},
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": name,
            "hostPath": {"path": f"/nowhere/{name}"},
        },
    }
    made = {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": name},
        "provisioner": "example.com/none",
        "allowVolumeExpansion": True,
    }
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": [volume, made]})
    writer.cluster.facts.kubectl("create", "-f", "-", text=text)
    yield name
    writer.cluster.facts.kubectl("delete", "storageclass,pv", name, "--wait=false")


def until_bound(writer: Writer) -> None:
    until(lambda: claim(writer).get("status", {}).get("phase") == "Bound", 40.0)
    until(lambda: any(one.kind == "PersistentVolumeClaim" for one in writer.everything()))


@pytest.mark.controlplane
def test_a_larger_size_lets_the_claims_grow_and_the_set_is_made_anew_around_them(writer: Writer, growing: str) -> None:
    writer.apply(sized(writer, "1Gi", growing))
    until_bound(writer)
    before = claim(writer)["metadata"]["uid"]
    with pytest.raises(WaitingError, match="made anew, because that cannot be changed; what runs stays meanwhile"):
        writer.apply(sized(writer, "2Gi", growing), digest="2")
    assert asked(writer) == "2Gi"
    until(lambda: writer.seen(writer.stateful_set()) is None)
    writer.apply(sized(writer, "2Gi", growing), digest="2")
    live = writer.live(writer.stateful_set())
    assert live
    assert live["spec"]["volumeClaimTemplates"][0]["spec"]["resources"]["requests"]["storage"] == "2Gi"
    assert claim(writer)["metadata"]["uid"] == before

    with pytest.raises(RefusedError, match="volume data cannot shrink: found 1Gi, expected at least 2Gi"):
        writer.apply(sized(writer, "1Gi", growing), digest="3")
    assert asked(writer) == "2Gi"

    # Kept, and wanted again with more.
    writer.remove()
    assert claim(writer)["metadata"]["uid"] == before
    writer.apply(sized(writer, "3Gi", growing), digest="4")
    assert asked(writer) == "3Gi"


@pytest.mark.controlplane
def test_a_claim_that_cannot_grow_leaves_all_as_it_is(writer: Writer) -> None:
    writer.apply(sized(writer, "1Gi"))
    until_bound(writer)
    before = writer.seen(writer.stateful_set())
    with pytest.raises(RefusedError, match=r"data stay as they are: set the size back, .*allowVolumeExpansion"):
        writer.apply(sized(writer, "2Gi"), digest="2")
    after = writer.seen(writer.stateful_set())
    assert before
    assert after
    assert (after.uid, asked(writer)) == (before.uid, "1Gi")


@pytest.mark.controlplane
@pytest.mark.parametrize("stateful", [True, False])
def test_data_of_one_recipe_are_not_taken_by_another(writer: Writer, stateful: bool) -> None:
    def objects(recipe: str) -> list[Object]:
        made = [writer.config_map(), writer.stateful_set() if stateful else writer.claim()]
        made += [] if stateful else [writer.deployment()]
        return [{**item, "metadata": {**item["metadata"], "labels": {marks.NAME: recipe}}} for item in made]

    writer.apply(*objects("chroma"))
    until(lambda: any(one.kind == "PersistentVolumeClaim" for one in writer.everything()))
    with pytest.raises(ConflictError, match=r"holds data of the recipe chroma, and service .* postgresql now: give"):
        writer.apply(*objects("postgresql"), digest="2")
    writer.remove()
    (left,) = writer.everything()
    until(lambda: [one.recipe for one in writer.everything()] == ["chroma"])
    with pytest.raises(ConflictError, match=f"{left} holds data of the recipe chroma, and service .* postgresql now: "):
        writer.apply(*objects("postgresql"))
    assert writer.everything() == tuple(one for one in writer.everything() if one.kind == "PersistentVolumeClaim")
    writer.apply(*objects("chroma"))


def item(size: str, **more: object) -> Object:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}, **more}
    return {"spec": {"volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": spec}]}}


@pytest.mark.parametrize(
    ("new", "old", "reason"),
    [
        (item("1Gi"), item("1024Mi"), ""),
        (item("2Gi"), item("1Gi"), ""),
        (item("1G"), item("1Gi"), "cannot shrink: found 1G, expected at least 1Gi"),
        (item("1Gi", storageClassName="fast"), item("1Gi"), "never changed but in size"),
        ({"spec": {}}, item("1Gi"), "never changed but in size"),
        (item("1Gi"), {"spec": {}}, "never changed but in size"),
        ({}, {}, ""),
    ],
)
def test_what_templates_may_become(new: Object, old: Object, reason: str) -> None:
    why = why_not(new, old)
    assert reason in why
    assert bool(why) is bool(reason)
