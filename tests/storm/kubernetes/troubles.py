"""What happens to the cluster: hands, the API server, the wire to it, admission, quotas, rights."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import cycle

from tests.kube.proxy import GOOD, Call, Decide, Fault, good
from tests.kube.webhook import deny, hang, webhook
from tests.storm.kubernetes.sky import Storm

_LABELS = ("app.kubernetes.io/managed-by", "reconciler/owner", "reconciler/service")


def delete(storm: Storm) -> str:
    wish = storm.a_wish()
    kind = storm.dice.choice(sorted(wish.kinds) or ["ConfigMap"])
    storm.by_hand("delete", kind, wish.name, "--wait=false")
    return f"{kind} {wish.name} is deleted by hand"


def edit(storm: Storm) -> str:
    wish = storm.a_wish()
    kind, patch = storm.dice.choice(
        [
            ("ConfigMap", {"data": {"greeting": "by hand"}}),
            ("Service", {"spec": {"selector": {"reconciler/service": "nobody"}}}),
            ("Deployment" if wish.recipe == "web" else "StatefulSet", {"spec": {"replicas": 4}}),
        ]
    )
    storm.by_hand("patch", kind, wish.name, "--type=merge", "-p", json.dumps(patch))
    return f"{kind} {wish.name} is changed by hand"


def strip_labels(storm: Storm) -> str:
    wish = storm.a_wish()
    kind = storm.dice.choice(sorted(wish.kinds) or ["ConfigMap"])
    taken = storm.dice.choice([_LABELS, _LABELS[:1], _LABELS[1:2], _LABELS[2:]])
    storm.by_hand("label", kind, wish.name, *(f"{label}-" for label in taken))
    return f"{kind} {wish.name} loses {len(taken)} of its labels"


def strip_managers(storm: Storm) -> str:
    wish = storm.a_wish()
    kind = storm.dice.choice(sorted(wish.kinds) or ["ConfigMap"])
    strip = [{"op": "replace", "path": "/metadata/managedFields", "value": [{}]}]
    storm.by_hand("patch", kind, wish.name, "--type=json", "-p", json.dumps(strip))
    return f"the managedFields of {kind} {wish.name} are stripped"


def guard(storm: Storm) -> str:
    """A finalizer that somebody takes away again."""
    wish = storm.a_wish()
    kind = storm.dice.choice(sorted(wish.kinds) or ["ConfigMap"])
    add = {"metadata": {"finalizers": ["example.com/guard"]}}
    storm.by_hand("patch", kind, wish.name, "--type=merge", "-p", json.dumps(add))
    free = [{"op": "remove", "path": "/metadata/finalizers"}]
    storm.later(storm.dice.uniform(2, 8), partial(_patch, storm, kind, wish.name, json.dumps(free)))
    return f"{kind} {wish.name} gets a finalizer for some seconds"


def server(storm: Storm) -> str:
    seconds = storm.dice.choice([0.0, 0.5, 3.0])
    storm.facts.stop_server()
    time.sleep(seconds)  # nothing that is due can be done meanwhile
    storm.facts.start_server()
    return f"the API server is killed, and started after {seconds:g} s"


def cut(storm: Storm) -> str:
    everything = storm.dice.choice([False, False, True])
    for proxy in storm.proxies:
        proxy.cut(everything=everything)
    return f"all {'connections' if everything else 'streams'} are cut"


def wire(storm: Storm) -> str:
    name, seconds = storm.dice.choice(sorted(_WIRES)), storm.dice.uniform(0.5, 4)
    storm.play(_WIRES[name])
    if name in _AFTER_A_CUT:
        for proxy in storm.proxies:
            proxy.cut()
    storm.pause(seconds)
    storm.play(good)
    return f"{name} for {seconds:.1f} s"


def freeze(storm: Storm) -> str:
    seconds = storm.dice.uniform(0.5, 6)
    first, second = storm.proxies
    with first.frozen(), second.frozen():
        storm.pause(seconds)
    return f"the wire hangs for {seconds:.1f} s"


def denied(storm: Storm) -> str:
    wish, seconds = storm.a_wish(), storm.dice.uniform(3, 10)
    return _asked(storm, wish.name, seconds, "DELETE", "deletions of {} are denied")


def unanswered(storm: Storm) -> str:
    wish, seconds = storm.a_wish(), storm.dice.uniform(3, 8)
    return _asked(storm, wish.name, seconds, "UPDATE", "a webhook for {} does not answer")


def quota(storm: Storm) -> str:
    seconds = storm.dice.uniform(3, 8)
    if "quota" in storm.busy:
        return ""
    there = storm.site.witness.count("Deployment")
    storm.window("quota", seconds, _quota(storm, there))
    return f"the quota is full ({there} Deployments) for {seconds:.1f} s"


def rights(storm: Storm) -> str:
    seconds = storm.dice.uniform(2, 8)
    if "rights" in storm.busy:
        return ""
    storm.window("rights", seconds, _without_rights(storm))
    if storm.dice.random() < 0.5:
        for proxy in storm.proxies:
            proxy.cut()
    return f"the daemons have no rights for {seconds:.1f} s"


def _asked(storm: Storm, name: str, seconds: float, operation: str, said: str) -> str:
    if "webhook" in storm.busy:
        return ""
    decide = deny("not now") if operation == "DELETE" else hang
    labels, namespace = {"reconciler/service": name}, storm.site.namespace
    hook = webhook(storm.facts, labels, decide, operations=[operation], namespace=namespace)
    storm.window("webhook", seconds, hook)
    return f"{said.format(name)} for {seconds:.1f} s"


@contextmanager
def _quota(storm: Storm, deployments: int) -> Iterator[None]:
    spec = {"hard": {"count/deployments.apps": str(deployments)}}
    item = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "full"}, "spec": spec}
    storm.site.kubectl("create", "-f", "-", text=json.dumps(item))
    try:
        yield
    finally:
        storm.site.kubectl("delete", "resourcequota", "full")


@contextmanager
def _without_rights(storm: Storm) -> Iterator[None]:
    storm.site.kubectl("delete", "rolebinding", f"reconciler-{storm.site.owner}")
    try:
        yield
    finally:
        storm.grant()


def _patch(storm: Storm, kind: str, name: str, patch: str) -> None:
    storm.by_hand("patch", kind, name, "--type=json", "-p", patch)


def _every_second(fault: Fault) -> Decide:
    turn = cycle((GOOD, fault))
    return lambda _: next(turn)


def _writes(fault: Fault) -> Decide:
    def decide(call: Call) -> Fault:
        return fault if call.write else GOOD

    return decide


_WIRES: dict[str, Decide] = {
    "slow answers": lambda _: Fault(seconds=0.4),
    "429 for every write": _writes(Fault(status=429, retry_after=1)),
    "500 for every second request": _every_second(Fault(status=500)),
    "503 for everything": lambda _: Fault(status=503),
    "409 for every write": _writes(Fault(status=409)),
    "401 for everything": lambda _: Fault(status=401),
    "lost answers of writes": _writes(Fault(lost=True)),
    "expired streams": lambda call: Fault(error=410) if call.watch else GOOD,
    "stale lists": lambda call: Fault(stale=True, error=410 if call.watch else 0),
}
_AFTER_A_CUT = {"expired streams", "stale lists", "401 for everything"}
