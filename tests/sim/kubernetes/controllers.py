"""Deployments, StatefulSets and claims as a small model: pods are made and become what they become, statuses follow."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from reconciler.kube.kinds import CLAIM, DEPLOYMENT, POD, STATEFUL_SET, Object
from tests.sim.kubernetes import pods
from tests.sim.kubernetes.garbage import collect
from tests.sim.kubernetes.pods import Character, Pod
from tests.sim.kubernetes.server import SimServer
from tests.sim.kubernetes.status import StatusError
from tests.sim.kubernetes.store import Key, Version
from tests.sim.repository import BROKEN

#: Keeps a claim while a pod uses it, or for a moment.
PROTECTION = "kubernetes.io/pvc-protection"


class Controllers:
    """Brings everything to where it is at a time (`run`). `draw` gives the character of a pod; `up`: they work.

    A real cluster has ReplicaSets between Deployments and pods; nobody but its own controller reads them, so they are
    left out.
    """

    def __init__(self, server: SimServer, clock: Callable[[], int], draw: Callable[[], Character]) -> None:
        self.up = True
        self.draw = draw
        self._server = server
        self._clock = clock
        self._pods: dict[Key, Pod] = {}
        self._templates: dict[str, tuple[int, str]] = {}
        self._made = 0

    def run(self) -> None:
        """Everything that is due happens."""
        if not self.up:
            return
        store = self._server.store
        for pod in [pod for pod in self._pods.values() if pod.key not in store.objects]:
            del self._pods[pod.key]
        for key, version in list(store.objects.items()):
            if key[0] in (DEPLOYMENT.name, STATEFUL_SET.name) and "deletionTimestamp" not in version.item["metadata"]:
                with suppress(StatusError):  # refused: it is tried again
                    self._settle(key, version)
        collect(self._server)
        for key, version in list(store.objects.items()):
            if key[0] == CLAIM.name:
                self._claim(key, version.item)
        for pod in self._pods.values():
            self._tell(pod)

    def reform(self) -> None:
        """Pods that are in trouble are well from now on, unless their content never is."""
        for pod in self._pods.values():
            if BROKEN not in pod.template:
                pod.character = replace(pod.character, healthy=min(pod.character.healthy or 0, 10))

    def _settle(self, key: Key, version: Version) -> None:
        """One workload: the pods that it should have, and its status."""
        item, now = version.item, self._clock()
        wanted, uid = item["spec"].get("replicas", 1), item["metadata"]["uid"]
        template = self._template(uid, item)
        self._adopt(key, item)
        mine = [pod for pod in self._pods.values() if pod.owner == uid and pod.key in self._server.store.objects]
        current = sorted((pod for pod in mine if pod.template == template), key=lambda pod: pod.key)
        ready = [pod for pod in current if pod.is_ready(now)]
        old = [pod for pod in mine if pod.template != template]
        stays = old if self._overlaps(item) and len(ready) < wanted else []
        for pod in [*(pod for pod in old if pod not in stays), *current[wanted:]]:
            self._server.delete(POD, pod.key[1], pod.key[2])
        # Those of a StatefulSet have numbers, and any of them may be missing: what is there is not made again.
        first = 0 if key[0] == STATEFUL_SET.name else len(current)
        for number in range(first, wanted):
            self._make_pod(key, item, template, number)
        self._report(key, wanted, ready=min(len(ready), wanted), old=len(stays), made=min(len(current), wanted))

    def _adopt(self, key: Key, item: Object) -> None:
        """Pods that nothing owns and that the selector finds are taken over; by a StatefulSet if the name is its."""
        uid, wanted = item["metadata"]["uid"], item["spec"]["selector"].get("matchLabels", {}).items()
        for below, version in list(self._server.store.objects.items()):
            if below[0] != POD.name or "ownerReferences" in version.item["metadata"]:
                continue
            named = key[0] != STATEFUL_SET.name or below[2].rpartition("-")[0] == key[2]
            if named and wanted <= version.labels.items():
                pod = self._pods.setdefault(below, Pod(below, uid, "", self._clock(), Character()))
                pod.owner = uid
                metadata = {**version.item["metadata"], "ownerReferences": [_owner(key, item)]}
                self._server.store.put({**version.item, "metadata": metadata})

    def _template(self, uid: str, item: Object) -> str:
        """What tells one version of the pods from another."""
        generation = item["metadata"]["generation"]
        known = self._templates.get(uid)
        if known is None or known[0] != generation:
            known = self._templates[uid] = generation, json.dumps(item["spec"]["template"], sort_keys=True)
        return known[1]

    def _overlaps(self, item: Object) -> bool:
        """Whether old pods go on until new ones are ready."""
        return bool(item["kind"] == DEPLOYMENT.name and item["spec"].get("strategy", {}).get("type") != "Recreate")

    def _make_pod(self, key: Key, item: Object, template: str, number: int) -> None:
        self._made += 1
        suffix = str(number) if key[0] == STATEFUL_SET.name else f"{self._made:05d}"
        name, uid = f"{key[2]}-{suffix}", item["metadata"]["uid"]
        if (POD.name, key[1], name) in self._server.store.objects:
            return
        for claim in item["spec"].get("volumeClaimTemplates", []):
            self._make_claim(key[1], f"{claim['metadata']['name']}-{name}", claim)
        labels = item["spec"]["template"].get("metadata", {}).get("labels", {})
        metadata = {"name": name, "namespace": key[1], "labels": labels, "ownerReferences": [_owner(key, item)]}
        self._server.create({"apiVersion": "v1", "kind": POD.name, "metadata": metadata, "spec": {}}, "controller")
        character = replace(self.draw(), healthy=None) if BROKEN in template else self.draw()
        pod = Pod((POD.name, key[1], name), uid, template, self._clock(), character)
        self._pods[pod.key] = pod

    def _make_claim(self, namespace: str, name: str, template: Object) -> None:
        if (CLAIM.name, namespace, name) not in self._server.store.objects:
            metadata = {**template["metadata"], "name": name, "namespace": namespace}
            claim = {"apiVersion": "v1", "kind": CLAIM.name, "metadata": metadata, "spec": template["spec"]}
            self._server.create(claim, "controller")

    def _claim(self, key: Key, item: Object) -> None:
        """A claim gets its volume at once; it goes when it may."""
        finalizers = item["metadata"].get("finalizers", [])
        if "deletionTimestamp" in item["metadata"] and PROTECTION in finalizers:
            self._server.settle(key, [one for one in finalizers if one != PROTECTION])
        elif "deletionTimestamp" not in item["metadata"] and PROTECTION not in finalizers:
            self._server.settle(key, [*finalizers, PROTECTION])
        elif item.get("status") != {"phase": "Bound"}:
            self._server.store.put({**item, "status": {"phase": "Bound"}})

    def _tell(self, pod: Pod) -> None:
        """The status of a pod."""
        version = self._server.store.get(pod.key)
        told = pods.status(pod, self._clock())
        if version and version.item.get("status") != told:
            self._server.store.put({**version.item, "status": told})

    def _report(self, key: Key, wanted: int, *, ready: int, old: int, made: int) -> None:
        """The status of a workload."""
        item = self._server.store.objects[key].item
        revision = "new" if old == 0 and ready == wanted else "old"
        status: Object = {"observedGeneration": item["metadata"]["generation"], "replicas": made + old}
        status |= {"updatedReplicas": made, "readyReplicas": ready, "availableReplicas": ready}
        if key[0] == STATEFUL_SET.name:
            status |= {"updateRevision": "new", "currentRevision": revision}
        if item.get("status") != status:
            self._server.store.put({**item, "status": status})


def _owner(key: Key, item: Object) -> Object:
    uid = item["metadata"]["uid"]
    return {"apiVersion": item["apiVersion"], "kind": key[0], "name": key[2], "uid": uid, "controller": True}
