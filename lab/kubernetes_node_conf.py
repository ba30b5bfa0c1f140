"""The settings of a node's programs, as text."""

from __future__ import annotations

import json
from pathlib import Path

from lab.images.catalogue import PAUSE
from lab.kubernetes_pki import Authority
from lab.network import Network

_PLUGINS = "/usr/lib/cni"  # where Debian has them


def containerd(socket: Path, networks: Path) -> str:
    """Text of containerd's config.toml (containerd's docs/cri/config.md)."""
    cri = 'plugins."io.containerd.grpc.v1.cri"'
    return f"""version = 2
[debug]
  level = "warn"
[grpc]
  address = "{socket}"
[{cri}]
  sandbox_image = "{PAUSE}"
  # Without CAP_SYS_RESOURCE nobody may lower the score that decides who is killed when memory runs out.
  restrict_oom_score_adj = true
  # Its profile would be loaded into the kernel of the host, and stay.
  disable_apparmor = true
  [{cri}.containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
  [{cri}.containerd.runtimes.runc.options]
    SystemdCgroup = false
  [{cri}.cni]
    bin_dir = "{_PLUGINS}"
    conf_dir = "{networks}"
"""


def cni(network: Network) -> str:
    """Text of the one network of pods: each at a wire of its own, so that the node sees all that they send.

    On a common bridge the answer of a service's pod would reach another pod past the node, which alone can undo the
    translation of addresses.
    """
    addresses = {"type": "host-local", "ranges": [[{"subnet": str(network.pods)}]], "routes": [{"dst": "0.0.0.0/0"}]}
    wire = {"type": "ptp", "ipMasq": False, "ipam": addresses}
    return json.dumps({"cniVersion": "1.0.0", "name": "lab", "plugins": [wire]}, indent=1)


def kubelet(network: Network, authority: Authority, socket: Path, resolver: Path) -> str:
    """Text of a KubeletConfiguration that works without systemd and with control groups of either version."""
    eviction = {f"{what}.{left}": "0%" for what, left in (("memory", "available"), ("nodefs", "available"))}
    return json.dumps(
        {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "address": str(network.node),
            "authentication": {
                "anonymous": {"enabled": False},
                "webhook": {"enabled": True},
                "x509": {"clientCAFile": authority.crt("ca")},
            },
            "authorization": {"mode": "Webhook"},
            "tlsCertFile": authority.crt("kubelet"),
            "tlsPrivateKeyFile": authority.key("kubelet"),
            "containerRuntimeEndpoint": f"unix://{socket}",
            "cgroupDriver": "cgroupfs",
            "failCgroupV1": False,
            "cgroupsPerQOS": False,
            "enforceNodeAllocatable": [],
            "failSwapOn": False,
            # The disk and the memory are the host's; how full they are is not the lab's business.
            "evictionHard": {**eviction, "nodefs.inodesFree": "0%", "imagefs.available": "0%"},
            "imageGCHighThresholdPercent": 100,
            "makeIPTablesUtilChains": False,
            "resolvConf": str(resolver),
        },
        indent=1,
    )


def kube_proxy(network: Network, node: str, kubeconfig: Path) -> str:
    """Text of a KubeProxyConfiguration; parameters of the kernel's connection tracking stay as they are."""
    return json.dumps(
        {
            "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
            "kind": "KubeProxyConfiguration",
            "mode": "nftables",
            "hostnameOverride": node,
            "clusterCIDR": str(network.pods),
            "clientConnection": {"kubeconfig": str(kubeconfig)},
            "healthzBindAddress": "127.0.0.1:10256",
            "metricsBindAddress": "127.0.0.1:10249",
            "conntrack": {
                "maxPerCore": 0,
                "min": 0,
                "tcpEstablishedTimeout": "0s",
                "tcpCloseWaitTimeout": "0s",
            },
        },
        indent=1,
    )
