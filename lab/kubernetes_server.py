"""The control plane: etcd, kube-apiserver, kube-controller-manager and kube-scheduler, as an ordinary user.

It stands on loopback, or in the network namespace of a node. It keeps nothing that outlives the lab, so etcd need not
wait for the disk.
"""

from __future__ import annotations

import http.client
import json
import ssl
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path

from lab import host
from lab.host import LabError
from lab.kubernetes_choices import ServerChoices
from lab.kubernetes_pki import Authority
from lab.network import Network
from lab.process import Daemon
from lab.run import Run

#: Addresses of services where there is no node: nothing answers there, so that there may be many.
_NO_NODE = IPv4Network("198.18.0.0/16")
_INNER_PORTS = (2379, 2380, 6443, 10257, 10259)
_TRIES = 4

AUDIT_LOG = "audit.log"
#: Nothing of the cluster's own parts, which write all the time; of the others everything, without bodies, when it is
#: answered (a watch: when it has begun). See the Kubernetes documentation, "Auditing".
_AUDIT_POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [
        {"level": "None", "userGroups": ["system:nodes"]},
        {"level": "None", "users": ["system:apiserver", "system:kube-scheduler", "system:kube-proxy"]},
        {"level": "None", "users": ["admin"], "verbs": ["get", "list", "watch"]},
        {"level": "None", "userGroups": ["system:serviceaccounts:kube-system"], "verbs": ["get", "list", "watch"]},
        {"level": "None", "nonResourceURLs": ["*"]},
        {"level": "Metadata"},
    ],
}


@dataclass(frozen=True, slots=True)
class Ports:
    """TCP ports of a control plane."""

    etcd: int
    etcd_peers: int
    server: int
    controllers: int
    scheduler: int

    @classmethod
    def choose(cls, network: Network | None) -> Ports:
        """The usual ones where the control plane has a network of its own, otherwise free ones."""
        return cls(*(_INNER_PORTS if network else host.free_ports(len(_INNER_PORTS))))


@dataclass(frozen=True, slots=True)
class ControlPlane:
    """How one control plane is run. `programs` is the folder of its binaries, `network` that of its node, if any."""

    run: Run
    programs: Path
    folder: Path
    authority: Authority
    ports: Ports
    network: Network | None
    choices: ServerChoices

    @property
    def address(self) -> str:
        """Where the API server is found."""
        return str(self.network.node) if self.network else "127.0.0.1"

    @property
    def server(self) -> str:
        """URL of the API server."""
        return f"https://{self.address}:{self.ports.server}"

    def ready(self) -> bool:
        """Whether the API server says that it can serve, with all that it does after its start done."""
        context = ssl.create_default_context(cafile=self.authority.crt("ca"))
        context.load_cert_chain(self.authority.crt("admin"), self.authority.key("admin"))
        connection = http.client.HTTPSConnection(self.address, self.ports.server, timeout=2, context=context)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == http.client.OK
        except OSError:
            return False
        finally:
            connection.close()

    def start_store(self) -> None:
        """Start etcd and the API server, and wait until it is ready. Raises LabError."""
        self.run.daemons.start(self._daemon("etcd", *self._etcd()))
        self.run.daemons.start(self._daemon("kube-apiserver", *self._server()))
        self.run.daemons.wait("etcd", lambda: self.ready() or not self.run.daemons.pids()["kube-apiserver"], 60)
        self.run.daemons.wait("kube-apiserver", self.ready, 5)

    def start_controllers(self) -> bool:
        """Start the controllers and the scheduler; False where `programs` has none (KUBEBUILDER_ASSETS)."""
        if not (self.programs / "kube-controller-manager").exists():
            return False
        keys = ("--service-account-private-key-file", self.authority.key("accounts"))
        root = ("--root-ca-file", self.authority.crt("ca"), "--use-service-account-credentials")
        quick = ("--node-monitor-period=1s", "--kube-api-qps=200", "--kube-api-burst=400")
        controllers = (*self._client(self.ports.controllers), *keys, *root, *quick)
        self.run.daemons.start(self._daemon("kube-controller-manager", *controllers))
        self.run.daemons.start(self._daemon("kube-scheduler", *self._client(self.ports.scheduler)))
        return True

    def _daemon(self, name: str, *words: str) -> Daemon:
        argv = (str(self.programs / name), *words)
        namespace = self.network.name if self.network else None
        return Daemon(name, argv, self.folder, user=self.run.user, namespace=namespace)

    def _etcd(self) -> tuple[str, ...]:
        clients, peers = (f"http://127.0.0.1:{port}" for port in (self.ports.etcd, self.ports.etcd_peers))
        data = ("--data-dir", str(self.folder / "etcd"), "--unsafe-no-fsync", "--log-level", "warn")
        listen = ("--listen-client-urls", clients, "--listen-peer-urls", peers)
        tell = ("--advertise-client-urls", clients, "--initial-advertise-peer-urls", peers)
        quota = ("--quota-backend-bytes", str(self.choices.quota)) if self.choices.quota else ()
        return (*data, *listen, *tell, *quota, "--initial-cluster", f"default={peers}")

    def _server(self) -> tuple[str, ...]:
        crt, key = self.authority.crt, self.authority.key
        return (
            *("--etcd-servers", f"http://127.0.0.1:{self.ports.etcd}"),
            *("--secure-port", str(self.ports.server), "--bind-address", "0.0.0.0" if self.network else self.address),
            *("--advertise-address", self.address),
            # The service `kubernetes` cannot have a loopback address, and without pods nobody needs it.
            *(() if self.network else ("--endpoint-reconciler-type", "none")),
            *("--tls-cert-file", crt("apiserver"), "--tls-private-key-file", key("apiserver")),
            *("--client-ca-file", crt("ca"), "--kubelet-certificate-authority", crt("ca")),
            *("--kubelet-client-certificate", crt("kubelet-client"), "--kubelet-client-key", key("kubelet-client")),
            *("--kubelet-preferred-address-types", "InternalIP"),
            *("--service-account-issuer", "https://kubernetes.default.svc"),
            *("--service-account-key-file", key("accounts"), "--service-account-signing-key-file", key("accounts")),
            *("--service-cluster-ip-range", str(self.network.services if self.network else _NO_NODE)),
            *("--authorization-mode", "Node,RBAC"),
            *("--enable-admission-plugins", ",".join(("NodeRestriction", *self.choices.admission))),
            *(("--event-ttl", self.choices.event_ttl) if self.choices.event_ttl else ()),
            *(self._audit() if self.choices.audit else ()),
            "--allow-privileged",
        )

    def _audit(self) -> tuple[str, ...]:
        """Logging who asked for what; each line is written before its request is answered (blocking mode)."""
        policy = self.folder / "audit-policy.json"
        policy.write_text(json.dumps(_AUDIT_POLICY))
        mode = ("--audit-log-mode", "blocking", "--audit-log-maxsize", "1000")
        return ("--audit-policy-file", str(policy), "--audit-log-path", str(self.folder / AUDIT_LOG), *mode)

    def _client(self, port: int) -> tuple[str, ...]:
        """What the controllers and the scheduler have in common."""
        kubeconfig = str(self.folder / "admin.kubeconfig")
        listen = ("--bind-address", "127.0.0.1", "--secure-port", str(port))
        return ("--kubeconfig", kubeconfig, "--leader-elect=false", *listen)


def start(run: Run, programs: Path, network: Network | None, choices: ServerChoices) -> ControlPlane:
    """Start etcd and an API server in an empty folder `kubernetes`, with all certificates and `admin.kubeconfig`.

    On loopback another program may take a port between its choice and its use: then again with other ports.
    Raises LabError with the end of the log.
    """
    folder = run.make_folder("kubernetes")
    authority = Authority.create(run.make_folder("kubernetes/pki"), run.user)
    _issue(authority, network)
    for attempt in range(1, _TRIES + 1):
        plane = ControlPlane(run, programs, folder, authority, Ports.choose(network), network, choices)
        authority.kubeconfig("admin", plane.server)
        try:
            plane.start_store()
        except LabError as error:
            if attempt == _TRIES or "address already in use" not in str(error):
                raise
            _stop_all(run)
        else:
            return plane
    raise AssertionError("unreachable: the last attempt returns or raises")


def _issue(authority: Authority, network: Network | None) -> None:
    """The leaves that the API server and its users need."""
    dns = ("", ".default", ".default.svc", ".default.svc.cluster.local")
    names = [f"DNS:kubernetes{suffix}" for suffix in dns] + ["DNS:localhost", "IP:127.0.0.1"]
    if network:
        names += [f"IP:{network.node}", f"IP:{network.services[1]}"]
    authority.issue("apiserver", "/CN=kube-apiserver", *names)
    authority.issue("kubelet-client", "/O=system:masters/CN=apiserver-kubelet-client")
    authority.issue("admin", "/O=system:masters/CN=admin")


def _stop_all(run: Run) -> None:
    for name in ("kube-apiserver", "etcd"):
        if run.daemons.pids().get(name):
            run.daemons.stop(name)
