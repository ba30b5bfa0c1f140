from __future__ import annotations

import pytest

from reconciler.kube import kinds
from reconciler.kube.kinds import Kind, kind_of, order_of, stage_of
from reconciler.models.kinds import COMMON, why_never
from reconciler.settings import KubernetesTarget
from tests.kube import golden


def test_what_every_recipe_may_carry_is_what_is_watched_anyway() -> None:
    watched = {kind.full for kind in (*kinds.ALWAYS, *kinds.OPTIONAL)}
    assert watched - {kinds.POD.full} == COMMON


@pytest.mark.parametrize("name", sorted(golden.samples()))
def test_objects_are_in_the_order_of_application(name: str) -> None:
    stages = [order_of(item) for item in golden.samples()[name].manifest().objects]
    assert stages == sorted(stages)


def test_each_stage_comes_before_what_refers_to_it() -> None:
    order = [
        stage_of(api_version, kind)
        for api_version, kind in [
            ("v1", "Namespace"),
            ("networking.k8s.io/v1", "NetworkPolicy"),
            ("v1", "ServiceAccount"),
            ("v1", "PersistentVolumeClaim"),
            ("example.com/v1", "Widget"),
            ("apps/v1", "Deployment"),
            ("v1", "Service"),
            ("networking.k8s.io/v1", "Ingress"),
            ("policy/v1", "PodDisruptionBudget"),
        ]
    ]
    assert order == list(range(9))
    assert stage_of("example.com/v1", "Service") == stage_of("example.com/v1", "Widget")


def test_a_kind_is_found_by_the_objects_own_words_or_among_those_discovered() -> None:
    widget = Kind("Widget", "example.com/v1", "widgets")
    item = {"apiVersion": "example.com/v1", "kind": "Widget"}
    assert kind_of(item, {widget.full: widget}) is widget
    assert kind_of({"apiVersion": "apps/v1", "kind": "Deployment"}) is kinds.DEPLOYMENT
    with pytest.raises(KeyError):
        kind_of({"apiVersion": "other/v1", "kind": "Deployment"})
    assert kinds.NAMESPACE.path("ai", "ai") == "/api/v1/namespaces/ai"
    assert widget.path("ai", "a") == "/apis/example.com/v1/namespaces/ai/widgets/a"


@pytest.mark.parametrize(
    "kind",
    [
        "v1/Secret",
        "v1/Pod",
        "v1/Namespace",
        "rbac.authorization.k8s.io/v1/Role",
        "rbac.authorization.k8s.io/v1/ClusterRoleBinding",
        "apiextensions.k8s.io/v1/CustomResourceDefinition",
        "admissionregistration.k8s.io/v1/ValidatingWebhookConfiguration",
    ],
)
def test_what_never_comes_from_a_repository_cannot_be_allowed_either(kind: str) -> None:
    assert why_never(kind)
    with pytest.raises(ValueError, match=f"kinds without {kind}: "):
        KubernetesTarget(kind="kubernetes", namespaces=("ai",), kinds=(kind,))


@pytest.mark.parametrize("kind", ["v1/ServiceAccount", "batch/v1/Job", "example.com/v1/Secret", "example.com/v1/Pod"])
def test_others_can(kind: str) -> None:
    assert KubernetesTarget(kind="kubernetes", namespaces=("ai",), kinds=(kind,)).kinds == (kind,)
