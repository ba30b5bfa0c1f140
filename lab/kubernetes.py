"""A real Kubernetes for tests: the control plane alone, or with one node whose pods really run.

Not there: cluster DNS (use the addresses of services), enforced network policies, pulling of images, a way out of the
lab for pods, and volumes made on demand (there is a stock of volumes without a storage class).
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

from lab import build, control, crds, host, kubernetes_objects, kubernetes_server, network
from lab.host import LabError
from lab.images.store import ImageStore
from lab.kubernetes_choices import ServerChoices
from lab.kubernetes_node import NAME, Node, socket_of
from lab.kubernetes_objects import DAEMON, NAMESPACES
from lab.run import Run
from lab.user import lab_user
from lab.wait import until
from reconciler.kube.rbac import Subject, roles
from reconciler.settings import KubernetesTarget

Size = Literal["control-plane", "node"]
Progress = Callable[[str], None]

_NODE_SECONDS = 90
_SERVER_SECONDS = 60
_DAEMON = Subject(DAEMON)


@dataclass(frozen=True, slots=True)
class KubernetesFacts:
    """A ready Kubernetes, and what a test may do with it.

    `kubeconfig` may do everything; `daemon_kubeconfig` belongs to the lab's user and may do what a daemon needs in
    `namespaces` (the first one is the default). `server`: URL of the API server. `programs`: folder with kubectl and
    the others. `controllers`: whether controllers and scheduler run. `node`: the node's address, as this machine
    reaches pods, services and node ports, and `network` its network namespace (`ip netns exec`); "" without one.
    `missing_images`: reference → why it is not there. `folder` holds its files, `run` is the lab's folder.
    """

    run: Path
    folder: Path
    programs: Path
    kubeconfig: Path
    daemon_kubeconfig: Path
    server: str
    size: Size
    controllers: bool
    node: str = ""
    network: str = ""
    namespaces: tuple[str, ...] = NAMESPACES
    missing_images: dict[str, str] = field(default_factory=dict)

    def kubectl(self, *args: str, text: str = "") -> str:
        """What kubectl prints, as the administrator; `text` is its input (`-f -`). Raises LabError with its words."""
        done = self._kubectl(*args, text=text)
        if done.returncode:
            raise LabError(f"kubectl {' '.join(args)}: {done.stderr.strip()}")
        return done.stdout

    def ready(self) -> bool:
        """Whether the API server serves."""
        return self._kubectl("get", "--raw", "/readyz", "--request-timeout=2s").returncode == 0

    def stop_server(self) -> None:
        """Kill the API server (SIGKILL); pods go on running. Raises LabError."""
        control.ask(self.run, "stop", "kube-apiserver", "SIGKILL")

    def start_server(self, *, fresh: bool = False) -> None:
        """Start the API server again and wait until it serves. Raises LabError.

        `fresh`: it has forgotten everything but what a lab starts with; only without a node, which would not know.
        """
        if fresh:
            self._forget()
        control.ask(self.run, "start", "kube-apiserver")
        until(self.ready, _SERVER_SECONDS, f"the API server at {self.server} serves")
        if fresh:
            self._start_controllers()
            self.fill()

    def fill(self) -> None:
        """Make the objects that a lab starts with, and wait until pods can be made in its namespaces."""
        volumes = self.folder / "volumes"
        items = kubernetes_objects.objects(volumes)
        self.kubectl("create", "-f", "-", text=json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
        for namespace in self.namespaces if self.controllers else ():
            account = ("get", "serviceaccount", "default", "--namespace", namespace)
            until(lambda account=account: not self._kubectl(*account).returncode, 20, f"accounts in {namespace}")  # type: ignore[misc] # mypy cannot type a bound default

    def give_images(self, *recipes: str) -> None:
        """Let the node have the images of these recipes (`lab.images.catalogue`), as far as it lacks them.

        They come from the lab's cache; the first time some are fetched, and MinIO is built. Raises LabError.
        """
        if not self.node:
            raise LabError("there is no node that could run images; ask for one")
        ImageStore(socket_of(self.run)).give_servers(*recipes)

    def grant(
        self,
        target: KubernetesTarget,
        owner: str,
        *subjects: Subject,
        keep_data: bool = False,
        cluster_wide: bool = False,
    ) -> None:
        """Give accounts (that of `daemon_kubeconfig` unless said) what `reconciler rbac` prints. Raises LabError.

        The first kind of objects can then be listed in the last namespace: the API server knows of it.
        """
        subjects = subjects or (_DAEMON,)
        items = roles(target, owner, *subjects, keep_data=keep_data, cluster_wide=cluster_wide)
        text = json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
        self.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", text=text)
        asked = ("auth", "can-i", "list", "pods", "-n", target.namespaces[-1], "--as", subjects[-1].user)
        until(lambda: not self._kubectl(*asked).returncode, 10, f"{subjects[-1].user} has its rights")

    def account(self, name: str) -> Path:
        """A kubeconfig of a new service account in the first namespace, which may do nothing yet. Raises LabError.

        It has a token of the API server's, good for an hour, and belongs to the lab's user as `daemon_kubeconfig` does.
        """
        namespace = self.namespaces[0]
        self.kubectl("create", "serviceaccount", name, "-n", namespace)
        token = self.kubectl("create", "token", name, "-n", namespace).strip()
        content = json.loads(self.daemon_kubeconfig.read_text("utf-8"))
        content["users"][0]["user"] = {"token": token}
        path = self.folder / f"{name}.kubeconfig"
        path.touch(mode=0o600)
        path.write_text(json.dumps(content))
        if user := lab_user():
            user.own(path)
        return path

    def audit(self) -> list[dict[str, Any]]:
        """What the API server has logged so far, in its order (audit.k8s.io/v1 Event); for labs with `audit`."""
        log = self.folder / kubernetes_server.AUDIT_LOG
        lines = log.read_text("utf-8").splitlines() if log.exists() else []
        return [json.loads(line) for line in lines if line.endswith("}")]

    def install_crds(self, *kinds: str) -> None:
        """Make the definitions of kinds in `lab.crds`, and wait until their objects can be made. Raises LabError.

        Its users share the lab: those who need that a kind is *not* there start a lab of their own.
        """
        for kind in kinds:
            self.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", text=crds.text(kind))
        for kind in kinds:
            until(partial(self._offers, kind), 30, f"the API server serves {kind}s")

    def remove_crds(self, *kinds: str) -> None:
        """Remove them with all their objects, and wait until the API server does not know them. Raises LabError."""
        names = [crds.definition(kind).name for kind in kinds]
        self.kubectl("delete", "crd", *names, "--ignore-not-found", "--timeout=20s")
        for kind in kinds:
            until(partial(self._lacks, kind), 20, f"the API server has forgotten {kind}s")

    def _offers(self, kind: str) -> bool:
        """Whether there can be objects of a kind, and discovery says so; one may come before the other."""
        wanted = crds.definition(kind)
        told = self._kubectl("get", "--raw", f"/apis/{wanted.group}/{wanted.version}").stdout
        return f'"{wanted.plural}"' in told and self._serves(kind)

    def _serves(self, kind: str) -> bool:
        return not self._kubectl("get", "--raw", crds.definition(kind).path).returncode

    def _lacks(self, kind: str) -> bool:
        return not self._serves(kind)

    def _forget(self) -> None:
        """Stop what remembers, and empty the store."""
        if self.node:
            raise LabError("a lab with a node cannot forget its objects; start another one")
        for name in (*self._controllers(), "etcd"):
            control.ask(self.run, "stop", name, "SIGKILL")
        shutil.rmtree(self.folder / "etcd")
        control.ask(self.run, "start", "etcd")

    def _start_controllers(self) -> None:
        for name in self._controllers():
            control.ask(self.run, "start", name)

    def _controllers(self) -> tuple[str, ...]:
        return ("kube-controller-manager", "kube-scheduler") if self.controllers else ()

    def _kubectl(self, *args: str, text: str = "") -> subprocess.CompletedProcess[str]:
        argv = [str(self.programs / "kubectl"), "--kubeconfig", str(self.kubeconfig), *args]
        return subprocess.run(argv, input=text, capture_output=True, text=True, check=False)


def start(run: Run, size: Size, choices: ServerChoices, progress: Progress) -> KubernetesFacts:
    """Start Kubernetes in a lab; builds its programs when they are not in the cache, and says how far that is.

    `node` needs root. Raises LabError, which says what is missing, or has the end of the log of what failed.
    """
    if size == "node" and not host.is_root():
        raise LabError("a Kubernetes node needs root (namespaces, mounts, control groups); the control plane does not")
    progress("looking for the programs that Kubernetes needs")
    host.install(size)
    programs = (build.assets() if size == "control-plane" else None) or build.programs(progress, choices.version)
    progress("starting Kubernetes")
    if size == "node":
        return _start_node(run, programs, choices, progress)
    return _start_control_plane(run, programs, choices)


def _start_control_plane(run: Run, programs: Path, choices: ServerChoices) -> KubernetesFacts:
    plane = kubernetes_server.start(run, programs, None, choices)
    facts = _facts(plane, "control-plane", controllers=plane.start_controllers())
    facts.fill()
    return facts


def _start_node(run: Run, programs: Path, choices: ServerChoices, progress: Progress) -> KubernetesFacts:
    lan = network.create(run.ledger)
    node = Node.enter(run, programs, lan)
    with ThreadPoolExecutor(1) as pool:
        images = pool.submit(node.import_images)
        plane = kubernetes_server.start(run, programs, lan, choices)
        facts = _facts(plane, "node", controllers=plane.start_controllers())
        node.join(plane)
        facts.fill()
        progress("importing images and waiting for the node")
        missing = images.result()
    _wait_for_node(facts, node)
    return replace(facts, missing_images=missing)


def _facts(plane: kubernetes_server.ControlPlane, size: Size, *, controllers: bool) -> KubernetesFacts:
    """Facts of a control plane that serves; makes the daemon's kubeconfig and the folders of the volumes."""
    plane.authority.issue(DAEMON, f"/CN={DAEMON}")
    daemon = plane.authority.kubeconfig(DAEMON, plane.server, NAMESPACES[0])
    for folder in kubernetes_objects.volume_folders(plane.folder / "volumes"):
        folder.mkdir(parents=True)
        folder.chmod(0o777)  # whatever user a container runs as
    return KubernetesFacts(
        run=plane.run.folder,
        folder=plane.folder,
        programs=plane.programs,
        kubeconfig=plane.folder / "admin.kubeconfig",
        daemon_kubeconfig=daemon,
        server=plane.server,
        size=size,
        controllers=controllers,
        node=str(plane.network.node) if plane.network else "",
        network=plane.network.name if plane.network else "",
    )


def _wait_for_node(facts: KubernetesFacts, node: Node) -> None:
    """Until the node can take pods. Raises LabError with the end of the kubelet's log."""
    condition = "jsonpath={.status.conditions[?(@.type=='Ready')].status}"

    def ready() -> bool:
        return facts.kubectl("get", "node", NAME, "--ignore-not-found", "-o", condition) == "True"

    try:
        until(ready, _NODE_SECONDS, "the node is ready")
    except LabError as error:
        raise LabError(f"{error}: {node.last_words()}") from error
