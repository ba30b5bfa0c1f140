"""The node: containerd, kubelet and kube-proxy, in a sandbox with a network of its own (root only)."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

from lab import host, kubernetes_node_conf, kubernetes_sandbox
from lab.host import LabError
from lab.images import catalogue
from lab.images.store import ImageStore
from lab.kubernetes_server import ControlPlane
from lab.network import Network
from lab.process import Daemon
from lab.run import Run

NAME = "lab-node"

_FOLDER = "node"
_SANDBOX = "sandbox"


@dataclass(frozen=True, slots=True)
class Node:
    """One node. `folder` holds its settings, its socket, its logs and, below `root`, all else that it writes."""

    run: Run
    programs: Path
    folder: Path
    network: Network

    @classmethod
    def enter(cls, run: Run, programs: Path, network: Network) -> Node:
        """Make the sandbox and start containerd in it. Raises LabError."""
        node = cls(run, programs, run.folder / _FOLDER, network)
        _refuse_hidden(programs, run.folder, Path(sys.executable))
        for part in ("programs", "logs", "cni"):
            (node.folder / part).mkdir(parents=True)
        run.ledger.cgroup(network.name)
        argv = (sys.executable, "-I", kubernetes_sandbox.__file__, str(node.folder), network.name)
        run.daemons.start(Daemon(_SANDBOX, argv, node.folder, namespace=network.name))
        run.daemons.wait(_SANDBOX, (node.folder / "sandbox.ready").exists, 20)
        node._write("cni/lab.conflist", kubernetes_node_conf.cni(network))
        settings = node._write("containerd.toml", kubernetes_node_conf.containerd(node.socket, node.folder / "cni"))
        node._start("containerd", host.program("containerd"), "--config", str(settings))
        return node

    @property
    def socket(self) -> Path:
        """Where containerd listens."""
        return socket_of(self.run.folder)

    def import_images(self) -> dict[str, str]:
        """Give the lab's images to containerd; returns reference → why, for those that cannot be made here."""
        store = ImageStore(self.socket)
        store.wait(self._log("containerd"))
        missing = {}
        for reference, make in catalogue.IMAGES.items():
            try:
                image = make()
            except LabError as error:
                missing[reference] = str(error)
            else:
                store.give(image)
        return missing

    def join(self, plane: ControlPlane) -> None:
        """Start the kubelet and kube-proxy, which make the node known to the API server."""
        authority, address = plane.authority, str(self.network.node)
        authority.issue("kubelet", f"/O=system:nodes/CN=system:node:{NAME}", f"IP:{address}", f"DNS:{NAME}")
        authority.issue("kube-proxy", "/CN=system:kube-proxy")
        client, proxy = (authority.kubeconfig(name, plane.server) for name in ("kubelet", "kube-proxy"))
        resolver = self._write("resolv.conf", "# there is no name server in this lab\n")
        settings = kubernetes_node_conf.kubelet(self.network, authority, self.socket, resolver)
        config = ["--config", str(self._write("kubelet.json", settings)), "--kubeconfig", str(client)]
        name = ["--hostname-override", NAME, "--node-ip", address]
        self._start("kubelet", str(self.programs / "kubelet"), *config, *name)
        settings = kubernetes_node_conf.kube_proxy(self.network, NAME, proxy)
        config = ["--config", str(self._write("kube-proxy.json", settings))]
        self._start("kube-proxy", str(self.programs / "kube-proxy"), *config)

    def last_words(self) -> str:
        """The end of the kubelet's log, for an error message."""
        log = self._log("kubelet")
        return log.read_text(errors="replace")[-1200:] if log.exists() else "the kubelet has not started"

    def _start(self, name: str, *argv: str) -> None:
        """Let the sandbox run a program, by a file that appears whole."""
        draft = self._write(f"programs/{name}.draft", json.dumps(argv))
        draft.rename(draft.with_suffix(".json"))

    def _write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text)
        return path

    def _log(self, name: str) -> Path:
        return self.folder / "logs" / f"{name}.log"


def socket_of(run: Path) -> Path:
    """Where the containerd of the lab in the folder `run` listens."""
    return run / _FOLDER / "containerd.sock"


def _refuse_hidden(*needed: Path) -> None:
    """Inside the sandbox some folders of the host are not seen; what the node needs must not be there."""
    for path in needed:
        hidden = next((folder for folder in kubernetes_sandbox.HIDDEN if path.resolve().is_relative_to(folder)), None)
        if hidden:
            raise LabError(f"{path} is below {hidden}, which a node does not see; set RECONCILER_LAB_CACHE elsewhere")
