"""One daemon on the lab's API server, in a namespace of its own, and what can be said of its services."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from secrets import token_hex
from typing import Any

from lab.factory import Factory, line_of
from lab.kubernetes import KubernetesFacts
from lab.lab import Lab
from reconciler.settings import KubernetesTarget
from reconciler.shapes.status import ServiceShape, StatusShape
from tests.e2e.world import service
from tests.faults.kubernetes.recipes import RECIPES
from tests.faults.kubernetes.witness import WEB, Item, Witness

Texts = dict[str, str | bytes | None]
_PAUSE = 0.1
_LEAVE = "Reconciler-Allow-Removals: all"


class Cloud(Factory):
    """A factory with a Kubernetes target only. Pods do not run there: services have no replicas unless they say so.

    `kubeconfig` is the text of another one than the lab's (a proxy's).
    """

    def __init__(self, lab: Lab, kubeconfig: str = "", namespaces: int = 1) -> None:
        name = f"k{token_hex(4)}"
        super().__init__(lab, name, owner=name)
        self.namespaces = [name, *(f"{name}-{number}" for number in range(2, namespaces + 1))]
        self.namespace = name
        self.facts: KubernetesFacts = lab.kubernetes
        self.witness = Witness(self.facts, name)
        for namespace in self.namespaces:
            self.make_namespace(namespace)
        path = self.facts.daemon_kubeconfig
        if kubeconfig:
            path = self.folder / "kubeconfig"
            self.put(path, kubeconfig, 0o600)
        self.configure(slurm=False, kubeconfig=path)
        self.commit(RECIPES, "recipes")

    def kubernetes_target(self, kubeconfig: Path) -> dict[str, Any]:
        """As of any factory, in the namespace of this one, with short times."""
        usual = super().kubernetes_target(kubeconfig)
        return {**usual, "namespaces": self.namespaces, "tick": "1s", "timeout": "5s"}

    def make_namespace(self, name: str) -> None:
        """Make a namespace in which the lab's daemon has the rights that it needs."""
        item = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        self.facts.kubectl("create", "-f", "-", text=json.dumps(item))
        self.grant(name)

    def grant(self, namespace: str) -> None:
        """Give the lab's daemon what it needs in one namespace."""
        self.facts.grant(KubernetesTarget(kind="kubernetes", namespaces=(namespace,)), self.owner)

    # --- what is wanted

    def want(self, *names: str, recipe: str = "web", **spec: Any) -> str:
        """Commit services; returns the commit's id."""
        return self.commit(texts(*names, recipe=recipe, **spec), f"want {', '.join(names)[:100]}")

    def drop(self, *names: str) -> str:
        """Take services out of Git, with leave to remove them."""
        return self.commit({path_of(name): None for name in names}, f"remove {', '.join(names)[:100]}\n\n{_LEAVE}")

    def settle(self, *names: str, recipe: str = "web", **spec: Any) -> None:
        """Commit services, start the daemon, and wait until they are there."""
        self.want(*names, recipe=recipe, **spec)
        self.start()
        self.wait_there(*names)

    # --- what is there

    def items(self, kinds: Iterable[str] | None = None) -> dict[str, Item]:
        """`Kind/name` to object (its metadata only), of everything that bears our label."""
        return self.witness.items(self.owner, kinds) if kinds else self.witness.items(self.owner)

    def uids(self) -> dict[str, str]:
        """`Kind/name` to uid."""
        return {key: item["metadata"]["uid"] for key, item in self.items().items()}

    def uid(self, kind: str, name: str) -> str:
        """The uid of one object; "" when it is not there."""
        found = self.witness.get(kind, name)
        return str(found["metadata"]["uid"]) if found else ""

    def generations(self, *names: str) -> set[int]:
        """How often the specs of these Deployments have been written, each counted once: {1} if never changed."""
        items = self.items(["Deployment"])
        return {items[f"Deployment/{name}"]["metadata"]["generation"] for name in names}

    def item(self, kind: str, name: str) -> Item:
        """One object that is there."""
        found = self.witness.get(kind, name)
        assert found is not None, f"there is no {kind} {name}"
        return found

    def wait_there(self, *names: str, seconds: float = 30.0) -> None:
        """Wait until these services of the recipe `web` are there as a whole."""
        wanted = {f"{kind}/{name}" for kind in WEB for name in names}
        self.until(f"{names[:3]} there", lambda: self.items().keys() >= wanted, seconds)

    def wait_gone(self, *names: str, seconds: float = 30.0) -> None:
        """Wait until nothing is left of these services."""
        self.until(
            f"{names[:3]} gone", lambda: not any(key.partition("/")[2] in names for key in self.items()), seconds
        )

    def until(self, what: str, check: Callable[[], bool], seconds: float = 30.0) -> None:
        """Wait until `check` holds; fails with the table and the end of the log when time is up."""
        deadline = time.monotonic() + seconds
        while not check():
            given_up = time.monotonic() > deadline or (self.daemon is not None and not self.is_alive())
            assert not given_up, f"{what}: not within {seconds:g} s; {self.status()}; {self.said()[-3000:]}"
            time.sleep(_PAUSE)

    def kubectl(self, *args: str, text: str = "") -> str:
        """As the administrator, in our namespace."""
        return self.facts.kubectl("--namespace", self.namespace, *args, text=text)

    # --- what the daemon says

    def line(self, name: str) -> ServiceShape:
        """The line of a service in the table."""
        shape = self.status()
        found = line_of(shape, name) if shape else None
        assert found is not None, f"there is no line for {name}"
        return found

    def wait_line(self, name: str, ready: Callable[[ServiceShape], bool], seconds: float = 30) -> ServiceShape:
        """Wait until the line of a service is as `ready` says."""
        shape = self.wait(name, lambda shape: (line := line_of(shape, name)) is not None and ready(line), seconds)
        found = line_of(shape, name)
        assert found is not None
        return found

    def wait_lost(self, seconds: float = 40) -> StatusShape:
        """Wait until the daemon says that it does not see the cluster."""
        return self.wait("unknown", lambda shape: any(not one.reachable for one in shape.targets), seconds)

    def wait_seen(self, seconds: float = 40) -> StatusShape:
        """Wait until the daemon says that it sees the cluster."""
        return self.wait(
            "seen", lambda shape: bool(shape.targets) and all(one.reachable for one in shape.targets), seconds
        )

    def said(self) -> str:
        """The daemon's log."""
        return self.log.read_text(errors="replace")

    def is_alive(self) -> bool:
        """Whether the daemon runs."""
        return self.daemon is not None and self.daemon.poll() is None

    # --- its end, and another one

    def twin(self) -> Factory:
        """A second daemon for the same repository, target and owner, with a state folder of its own; not started."""
        made = Factory(self.lab, f"{self.owner}-twin", owner=self.owner)
        made.repository = self.repository
        targets = json.loads(self.settings.read_text())["targets"]
        made.configure(slurm=False, targets=targets)
        return made

    def kill(self) -> None:
        """kill -9 for the daemon, and nothing else."""
        self.stop(signal.SIGKILL)

    def clear(self) -> None:
        """End the daemon, and remove the namespace with all that is in it."""
        self.stop()
        self.facts.kubectl("delete", "namespace", *self.namespaces, "--wait=false", "--ignore-not-found")
        self.witness.close()


def path_of(name: str) -> str:
    """The file of a service."""
    return f"desired/{name}.yaml"


def texts(*names: str, recipe: str = "web", **spec: Any) -> Texts:
    """The files of services."""
    return {path_of(name): service(name, "kubernetes", recipe, **{"replicas": 0, **spec}) for name in names}
