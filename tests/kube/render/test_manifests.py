from __future__ import annotations

import dataclasses

import pytest

from reconciler.errors import RefusedError
from reconciler.kube.render import manifests
from reconciler.models.workload import Mark
from tests.kube import golden, services
from tests.kube.services import resolved, target


@pytest.mark.parametrize("name", sorted(golden.samples()))
def test_each_recipe_renders_as_recorded(name: str) -> None:
    assert golden.text(golden.samples()[name]) == (golden.FOLDER / f"{name}.yaml").read_text()


def test_every_recipe_has_a_record() -> None:
    assert {path.stem for path in services.RECIPES.glob("*/*.yaml")} <= golden.samples().keys()


def test_every_record_is_of_a_sample() -> None:
    assert {path.stem for path in golden.FOLDER.iterdir()} == golden.samples().keys()


def test_revision_digest_and_restart_do_not_change_the_digest() -> None:
    service = resolved("index")
    other = dataclasses.replace(service, revision=dataclasses.replace(service.revision, sha="f" * 40))
    restarted = resolved("index", restart="today")
    digests = {manifests.render(one, target(), "factory").digest for one in (service, other, restarted)}
    assert len(digests) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"config": {"dimension": 7}},
        {"replicas": 3},
        {"env": {"A": "b"}},
        {"resources": {"memory": "2Gi"}},
        {"ignore": ["/spec/replicas"]},
    ],
)
def test_whatever_decides_what_runs_changes_the_digest(change: dict[str, object]) -> None:
    before = manifests.render(resolved("index"), target(), "factory")
    assert manifests.render(resolved("index", **change), target(), "factory").digest != before.digest


def test_a_restart_is_written_into_the_pod_template() -> None:
    manifest = manifests.render(resolved("index"), target(), "factory")
    stamped = manifests.stamp(manifest, Mark("factory", "index", 0, manifest.digest, restart="r1"))
    (deployment,) = (item for item in stamped if item["kind"] == "Deployment")
    assert deployment["spec"]["template"]["metadata"]["annotations"]["reconciler/restart"] == "r1"
    assert all(item["metadata"]["annotations"]["reconciler/objects"] == "3" for item in stamped)


def test_no_pointer_takes_away_whose_an_object_is() -> None:
    pointers = ["/metadata", "/metadata/labels/reconciler~1owner", "/kind", "/apiVersion", "/spec"]
    manifest = manifests.render(resolved("index", ignore=pointers), target(), "factory")
    for item in manifests.stamp(manifest, Mark("factory", "index", 0, "d", restart="r")):
        assert item["kind"]
        assert item["metadata"]["labels"]["reconciler/owner"] == "factory"
        assert item["metadata"]["name"] == "index"


def test_labels_of_a_service_do_not_displace_ours() -> None:
    service = resolved("index")
    labels = {"team": "nlp", "reconciler/owner": "mallory"}
    metadata = service.service.metadata.model_copy(update={"labels": labels})
    forged = dataclasses.replace(service, service=service.service.model_copy(update={"metadata": metadata}))
    for item in manifests.render(forged, target(), "factory").objects:
        assert item["metadata"]["labels"]["reconciler/owner"] == "factory"
        assert item["metadata"]["labels"]["team"] == "nlp"


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"nodes": 2}, "desired/index.yaml: spec.nodes: recipe faiss runs on one machine; found 2, expected 1"),
        ({"resources": {"gpus": 1}}, "has no GPUs"),
    ],
)
def test_what_the_target_cannot_run_is_refused_by_field(spec: dict[str, object], said: str) -> None:
    with pytest.raises(RefusedError, match=said):
        manifests.render(resolved("index", **spec), target(), "factory")


def test_an_unknown_gpu_type_is_refused_with_the_known_ones() -> None:
    service = resolved("index", resources={"gpus": 1, "gpuType": "h100"})
    with pytest.raises(RefusedError, match="found h100, expected one of: a100"):
        manifests.render(service, target(gpu_resource="nvidia.com/gpu", gpu_types={"a100": {}}), "factory")


@pytest.mark.parametrize(("ignore", "count"), [([], 2), (["/spec/replicas"], 2), (["/spec/volumeClaimTemplates"], 0)])
def test_the_claims_that_will_be_made_are_told(ignore: list[str], count: int) -> None:
    password = {"POSTGRES_PASSWORD": {"name": "a", "key": "b"}}
    service = resolved("pg", "postgresql", replicas=2, secrets=password, ignore=ignore)
    claims = manifests.render(service, target(), "factory").claims
    assert claims == ("data-pg-0", "data-pg-1")[:count]


def test_so_are_those_that_a_patch_adds() -> None:
    template = {"metadata": {"name": "more"}, "spec": {}}
    patch = [{"op": "add", "path": "/spec/volumeClaimTemplates/-", "value": template}]
    patches = [{"target": {"kind": "StatefulSet"}, "patch": patch}]
    service = resolved("db", "chroma", kubernetes={"patches": patches})
    assert manifests.render(service, target(), "factory").claims == ("data-db-0", "more-db-0")
