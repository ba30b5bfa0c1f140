"""Removal over several turns, with what holds it up."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from reconciler.errors import DeniedError, Next, RefusedError, WaitingError
from reconciler.kube import marks
from tests.kube.conftest import until
from tests.kube.webhook import allow, deny, webhook
from tests.kube.write.writer import Writer

pytestmark = pytest.mark.controlplane

GUARD = "example.com/guard"


@contextmanager
def held(writer: Writer, kind: str) -> Iterator[None]:
    """A finalizer of somebody else's on one object, for as long as the block lasts."""
    patch = ("patch", kind, writer.name, "-n", "ai", "--type=merge", "-p")
    writer.cluster.facts.kubectl(*patch, f'{{"metadata":{{"finalizers":["{GUARD}"]}}}}')
    until(lambda: any(GUARD in one.finalizers for one in writer.left(claims=True)))
    yield
    writer.cluster.facts.kubectl(*patch, '{"metadata":{"finalizers":null}}')


def apply_everything(writer: Writer) -> None:
    writer.apply(
        writer.network_policy(), writer.config_map(), writer.claim(), writer.deployment(replicas=1), writer.service()
    )
    until(lambda: any(one.kind == "Pod" for one in writer.everything()))


@pytest.mark.parametrize("claims", [False, True])
def test_what_runs_goes_before_its_data_and_that_before_what_protects_it(writer: Writer, claims: bool) -> None:
    apply_everything(writer)
    turns = [set(kinds) for kinds in writer.remove(claims=claims)]
    last = {"ConfigMap", "NetworkPolicy"}
    data = {"PersistentVolumeClaim"} if claims else set()
    assert turns[0] == last | data | {"Deployment", "Service"}
    assert all(last <= kinds for kinds in turns if kinds - last)
    assert all(data <= kinds for kinds in turns if "Deployment" in kinds)
    kept = {one.kind for one in writer.everything()}
    assert kept <= (set() if claims else {"PersistentVolumeClaim"})
    assert (writer.live(writer.claim()) is None) is claims


def test_what_a_finalizer_holds_is_waited_for_and_named_and_costs_nothing(writer: Writer) -> None:
    writer.apply(writer.config_map(), writer.deployment())
    with held(writer, "deployment"):
        writer.remover.remove("ai", writer.name, claims=False)
        until(lambda: any(one.deleted for one in writer.left()))
        before = writer.api.calls
        with pytest.raises(WaitingError, match=f"waits for Deployment ai/{writer.name} to be gone.*{GUARD}"):
            writer.remover.remove("ai", writer.name, claims=False)
        assert writer.api.calls == before
        assert writer.live(writer.config_map())
    writer.remove()
    before = writer.api.calls
    writer.remover.remove("ai", writer.name, claims=False)
    assert writer.api.calls == before


def test_a_service_that_is_wanted_again_while_it_goes_waits_for_its_end(writer: Writer) -> None:
    writer.apply(writer.config_map())
    with held(writer, "configmap"):
        writer.remover.remove("ai", writer.name, claims=False)
        until(lambda: any(one.deleted for one in writer.left()))
        with pytest.raises(WaitingError, match=f"ConfigMap ai/{writer.name} to be gone: it is being deleted.*{GUARD}"):
            writer.apply(writer.config_map({"a": "c"}), digest="2")
    until(lambda: not writer.left())
    writer.apply(writer.config_map({"a": "c"}), digest="2")


def test_a_removal_that_a_webhook_denies_is_asked_for_again_and_not_forgotten(writer: Writer) -> None:
    writer.apply(writer.config_map(), writer.deployment(), writer.service())
    with webhook(writer.cluster.facts, {marks.OWNER: writer.owner}, deny("not today"), operations=["DELETE"]) as hook:
        for _ in range(2):
            with pytest.raises(DeniedError, match="denied the request: not today") as denied:
                writer.remover.remove("ai", writer.name, claims=False)
            assert denied.value.next is Next.RETRY
        assert {one.kind for one in writer.left()} == {"ConfigMap", "Deployment", "Service"}
        assert hook.count("DELETE") == 4, "both that may go were asked for, twice"
        hook.decide = allow
        writer.remove()
    assert not writer.left()


def test_what_left_the_declaration_goes_and_claims_stay(writer: Writer) -> None:
    writer.apply(writer.config_map(), writer.claim(), writer.service())
    kept = [writer.ours(writer.config_map())]
    writer.remover.sweep("ai", writer.name, kept)
    until(lambda: {one.kind for one in writer.left(claims=True)} == {"ConfigMap", "PersistentVolumeClaim"})
    before = writer.api.calls
    writer.remover.sweep("ai", writer.name, kept)
    assert writer.api.calls == before


def test_pods_that_were_left_behind_go_with_the_rest(writer: Writer) -> None:
    """As after a daemon that was killed between the two halves of making a StatefulSet anew."""
    writer.apply(writer.config_map(), writer.stateful_set())
    until(lambda: any(one.kind == "Pod" for one in writer.everything()))
    writer.cluster.facts.kubectl("delete", "statefulset", writer.name, "-n", "ai", "--cascade=orphan")
    until(lambda: {one.kind for one in writer.left()} == {"ConfigMap", "Pod"})
    writer.remove()
    assert not writer.left()


def test_what_lost_its_label_goes_with_the_rest_and_a_stranger_s_stays(writer: Writer) -> None:
    theirs = {**writer.config_map(), "metadata": {"name": f"{writer.name}-theirs", "namespace": "ai"}}
    writer.cluster.facts.kubectl("create", "-f", "-", text=json.dumps(theirs))
    writer.apply(writer.config_map(), writer.service(), writer.deployment())
    writer.cluster.facts.kubectl("label", "service", writer.name, "-n", "ai", f"{marks.OWNER}-")
    until(lambda: {one.kind for one in writer.left()} == {"ConfigMap", "Deployment"})
    writer.remove()
    assert writer.live(writer.service()) is None
    assert writer.live(theirs)
    writer.cluster.facts.kubectl("delete", "configmap", f"{writer.name}-theirs", "-n", "ai")


def test_claims_and_pods_of_a_copy_of_our_stateful_set_stay(writer: Writer) -> None:
    writer.apply(writer.config_map(), writer.stateful_set())
    copy = writer.ours(writer.stateful_set())
    copy["metadata"] |= {"name": f"{writer.name}-copy", "annotations": {marks.ID: "none"}}
    writer.cluster.facts.kubectl("create", "-f", "-", text=json.dumps(copy))
    data = [f"data-{writer.name}-copy-0", f"data-{writer.name}-0"]
    try:
        until(lambda: {one.name for one in writer.left(claims=True)} >= set(data))
        writer.remove(claims=True, stays=data[0])
        assert writer.cluster.get("pvc", data[0], ".metadata.name") == data[0]
        assert writer.cluster.get("statefulset", copy["metadata"]["name"], ".metadata.name")
    finally:
        writer.cluster.facts.kubectl("delete", "statefulset", copy["metadata"]["name"], "-n", "ai")


def test_claims_that_would_go_with_their_stateful_set_hold_up_its_removal(writer: Writer) -> None:
    policy = {"whenDeleted": "Delete", "whenScaled": "Retain"}
    owned = writer.stateful_set(persistentVolumeClaimRetentionPolicy=policy)
    writer.apply(owned)
    until(lambda: any(one.kind == "PersistentVolumeClaim" and one.child for one in writer.everything()))
    with pytest.raises(DeniedError, match=f"data-{writer.name}-0 would go with what made it.*whenDeleted"):
        writer.remover.remove("ai", writer.name, claims=False)
    with pytest.raises(RefusedError, match="its claims would go with it"):
        writer.apply(writer.stateful_set(label="b", persistentVolumeClaimRetentionPolicy=policy), digest="2")
    assert writer.live(owned)
    writer.remove(claims=True)
    until(lambda: not writer.everything())


def test_claims_go_although_nothing_else_but_what_runs_is_left(writer: Writer) -> None:
    """As when somebody has deleted the ConfigMap: with the StatefulSet, the service would not be seen any more."""
    writer.apply(writer.stateful_set())
    until(lambda: any(one.kind == "PersistentVolumeClaim" for one in writer.everything()))
    writer.remover.remove("ai", writer.name, claims=True)
    until(lambda: not writer.everything())


def test_claims_stay_while_the_removal_of_what_runs_is_denied(writer: Writer) -> None:
    writer.apply(writer.stateful_set())
    until(lambda: any(one.kind == "PersistentVolumeClaim" for one in writer.everything()))
    labels = {"app.kubernetes.io/instance": writer.name}  # which its claims do not have
    with (
        webhook(writer.cluster.facts, labels, deny("not today"), operations=["DELETE"]),
        pytest.raises(DeniedError, match="not today"),
    ):
        writer.remover.remove("ai", writer.name, claims=True)
    assert not [one for one in writer.everything() if one.deleted]
