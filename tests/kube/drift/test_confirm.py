"""What a real API server of today cannot be made to do, and how long a comparison takes."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from reconciler.errors import RefusedError, UncertainError
from reconciler.kube.declared import Declared
from reconciler.kube.drift.compare import compare
from reconciler.kube.drift.schema import has, is_part
from reconciler.kube.kinds import DEPLOYMENT, Object
from reconciler.kube.look.cache import Cache
from reconciler.kube.look.seen import see
from reconciler.kube.render import manifests
from reconciler.kube.render.manifests import Manifest
from reconciler.kube.write.repair import Repairer
from reconciler.models.workload import Drift, Mark
from tests.kube.drift.objects import deployment, everything
from tests.kube.drift.test_properties import RECORDED

_MARK = Mark("factory", "a", 0, "0123")
_MANIFEST = Manifest((deployment(),), "0123")


class NoDryRuns:
    """An API server with a webhook (admissionregistration.k8s.io/v1beta1) that has side effects."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.applied: list[Object] = []

    def apply(self, item: Object, *, manager: str = "", dry_run: bool = False) -> Object:
        assert manager == ""
        if dry_run:
            raise self.error
        self.applied.append(item)
        return item


def _drifted() -> Cache:
    cache = Cache(Declared())
    (item,) = manifests.stamp(_MANIFEST, _MARK)
    labels = {"reconciler/owner": "factory", "reconciler/service": "a", "app.kubernetes.io/managed-by": "reconciler"}
    metadata = {**item["metadata"], "labels": labels, "uid": "u1", "resourceVersion": "7"}
    seen = see(DEPLOYMENT, {**item, "metadata": metadata}, "factory")
    assert seen is not None
    cache.put(replace(seen, drift=(Drift("Deployment ai/a", "/spec/replicas", "them", "7"),)))
    return cache


def test_where_a_dry_run_is_refused_what_differs_is_applied() -> None:
    api = NoDryRuns(RefusedError('apply Deployment ai/a: admission webhook "w.example" does not support dry run'))
    assert Repairer(api, _drifted()).repair(_MANIFEST, _MARK)
    assert [item["metadata"]["uid"] for item in api.applied] == ["u1"]


def test_any_other_refusal_of_a_dry_run_is_an_error_and_nothing_is_written() -> None:
    api = NoDryRuns(UncertainError("apply Deployment ai/a: no answer"))
    with pytest.raises(UncertainError):
        Repairer(api, _drifted()).repair(_MANIFEST, _MARK)
    assert api.applied == []


def test_where_nothing_differs_nothing_is_asked() -> None:
    api = NoDryRuns(UncertainError("not to be asked"))
    assert not Repairer(api, Cache(Declared())).repair(_MANIFEST, _MARK)


def test_a_comparison_takes_less_than_150_microseconds() -> None:
    declared, live = everything()[0], RECORDED[0]

    def seconds() -> float:
        begun = time.perf_counter()
        compare(declared, live)
        return time.perf_counter() - begun

    # The best of many: a busy machine makes single ones slow.
    assert min(seconds() for _ in range(2000)) < 150e-6


@pytest.mark.parametrize(
    ("pointer", "there", "part"),
    [
        ("/spec/replicas", True, False),
        ("/spec/ports", False, False),
        ("/spec/selector", True, False),
        ("/spec/selector/matchLabels/x", True, True),
        ("/spec/template/spec/containers[name=main]/image", True, False),
        ("/spec/template/spec/containers[name=main]/images", False, False),
        ("/spec/template/spec/tolerations/0/value", True, True),
        ("/metadata/annotations/x", True, False),
        ("/data/x", False, False),
    ],
)
def test_what_a_deployment_has(pointer: str, there: bool, part: bool) -> None:
    assert has(deployment(), pointer) is there
    assert is_part(deployment(), pointer) is part


def test_of_a_custom_resource_all_is_possible() -> None:
    item = {"apiVersion": "example.com/v1", "kind": "Thing"}
    assert has(item, "/spec/anything/0/at[name=all]")
    assert not is_part(item, "/spec/anything/0")
    group = {"apiVersion": "leaderworkerset.x-k8s.io/v1", "kind": "LeaderWorkerSet"}
    assert has(group, "/spec/replicas")
    assert is_part(group, "/spec/leaderWorkerTemplate/workerTemplate/spec/nodeSelector/pool")
