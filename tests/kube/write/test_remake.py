"""Fields that cannot be changed on a living object: what is made anew, and what never is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from reconciler.errors import RefusedError, WaitingError
from reconciler.kube.kinds import CLAIM, CONFIG_MAP, STATEFUL_SET, Kind, Object
from reconciler.kube.write.remake import why_not
from tests.kube.conftest import Cluster, until
from tests.kube.write.writer import Writer

Make = Callable[[Writer], Object]

CHANGES: dict[str, tuple[Make, Make, str]] = {
    "selector": (Writer.deployment, lambda one: one.deployment("b"), r"spec\.selector: .*field is immutable"),
    "cluster address": (
        Writer.service,
        lambda one: one.service(clusterIP="None"),
        r"spec\.clusterIPs\[0\]: .*may not change once set",
    ),
    "immutable config": (
        lambda one: one.config_map(immutable=True),
        lambda one: one.config_map({"a": "c"}, immutable=True),
        "data: .*field is immutable",
    ),
    "governing service": (
        Writer.stateful_set,
        lambda one: one.stateful_set(serviceName="other"),
        "updates to statefulset spec .*what runs stays meanwhile",
    ),
    "selector of pods with data": (
        Writer.stateful_set,
        lambda one: one.stateful_set(label="b"),
        "updates to statefulset spec .*cannot be changed$",
    ),
}


@pytest.mark.controlplane
@pytest.mark.parametrize("what", CHANGES)
def test_what_holds_no_data_is_made_anew_with_the_reason(writer: Writer, what: str) -> None:
    old, new, words = CHANGES[what]
    writer.apply(old(writer))
    before = writer.seen(old(writer))
    assert before
    with pytest.raises(WaitingError, match=words):
        writer.apply(new(writer), digest="2")
    until(lambda: writer.seen(old(writer)) is None)
    writer.apply(new(writer), digest="2")
    after = writer.seen(new(writer))
    assert after
    assert after.uid != before.uid


@pytest.mark.controlplane
def test_pods_and_claims_of_a_stateful_set_made_anew_stay(writer: Writer) -> None:
    writer.apply(writer.stateful_set())
    until(lambda: len(_made(writer)) == 2)
    before = _made(writer)
    with pytest.raises(WaitingError):
        writer.apply(writer.stateful_set(serviceName="other", updateStrategy={"type": "OnDelete"}), digest="2")
    until(lambda: writer.seen(writer.stateful_set()) is None)
    writer.apply(writer.stateful_set(serviceName="other", updateStrategy={"type": "OnDelete"}), digest="2")
    until(lambda: any(one.kind == "Pod" and one.child for one in writer.everything()))
    assert _made(writer) == before


def _made(writer: Writer) -> set[str]:
    """The uids of pods and claims."""
    seen = writer.everything()
    return {one.uid for one in seen if one.kind in ("Pod", "PersistentVolumeClaim")}


@pytest.mark.controlplane
@pytest.mark.parametrize("careful", [False, True])
@pytest.mark.parametrize(
    ("old", "new", "advice"),
    [
        (Writer.stateful_set, lambda one: one.stateful_set("2Gi"), "allowVolumeExpansion"),
        (Writer.claim, lambda one: one.claim("2Gi"), "never made anew|must support resize"),
    ],
)
def test_data_is_never_made_anew(writer: Writer, old: Make, new: Make, advice: str, careful: bool) -> None:
    writer.apply(old(writer))
    before = writer.live(old(writer))
    with pytest.raises(RefusedError, match=advice):
        writer.apply(new(writer), digest="2", careful=careful)
    after = writer.live(old(writer))
    assert before
    assert after
    assert (after["metadata"]["uid"], after["spec"]) == (before["metadata"]["uid"], before["spec"] | _bound(after))
    assert "deletionTimestamp" not in after["metadata"]


def _bound(claim: Object) -> Object:
    """A claim may be bound meanwhile."""
    return {key: value for key, value in claim["spec"].items() if key == "volumeName"}


@pytest.mark.controlplane
def test_what_somebody_else_changes_at_once_is_not_made_anew_for_ever(writer: Writer) -> None:
    writer.apply(writer.service())
    with pytest.raises(RefusedError, match="made from this very version"):
        writer.apply(writer.service(clusterIP="None"))
    assert writer.live(writer.service())


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (CLAIM, "a claim is data"),
        (Kind("PostgresCluster", "example.com/v1", "postgresclusters"), "its data could be lost"),
        (Kind("Service", "serving.example.com/v1", "services"), "its data could be lost"),
        (CONFIG_MAP, ""),
        (STATEFUL_SET, ""),
        (Kind("Job", "batch/v1", "jobs"), ""),
    ],
)
def test_what_may_hold_data_stays(kind: Kind, reason: str) -> None:
    def item(digest: str) -> dict[str, Any]:
        return {"metadata": {"annotations": {"reconciler/digest": digest}}}

    why = why_not(kind, item("2"), item("1"))
    assert why.startswith(reason) if not reason else reason in why
    assert bool(why) is bool(reason)


@pytest.mark.controlplane
def test_a_job_is_made_anew_with_another_template(cluster: Cluster) -> None:
    target = cluster.target.model_copy(update={"kinds": ("batch/v1/Job",)})
    cluster.facts.grant(target, cluster.owner)
    writer = Writer(cluster, target)
    writer.put(_job(writer, "one"))
    before = writer.live(_job(writer, "one"))
    with pytest.raises(WaitingError, match=r"spec\.template: .*field is immutable; made anew"):
        writer.put(_job(writer, "two"), digest="2")
    until(lambda: writer.live(_job(writer, "one")) is None)
    writer.put(_job(writer, "two"), digest="2")
    after = writer.live(_job(writer, "two"))
    assert before
    assert after
    assert after["metadata"]["uid"] != before["metadata"]["uid"]
    cluster.facts.kubectl("delete", "job", writer.name, "-n", "ai")


def _job(writer: Writer, image: str) -> Object:
    pod = {"restartPolicy": "Never", "containers": [{"name": "main", "image": f"none.invalid/{image}"}]}
    return writer.item("batch/v1", "Job", spec={"template": {"spec": pod}})
