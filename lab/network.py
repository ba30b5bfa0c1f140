"""A network of its own for a Kubernetes node: a named network namespace, and one pair of interfaces to reach it.

The addresses come from 198.18.0.0/15, which RFC 2544 sets aside for tests inside one place: no real network that the
machine may want to reach is hidden. Each lab takes a /22 of it, so that several live side by side:

    .0.0/24  pods    .1.0/24  services (ClusterIPs)    .2.0/30  the pair: .2.1 the host, .2.2 the node

Nothing of the host is changed but for one interface and one route, which vanish with the namespace.
"""

from __future__ import annotations

import json
import secrets
import subprocess
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from filelock import FileLock

from lab import host
from lab.host import LabError
from lab.ledger import Ledger

_RANGE = IPv4Network("198.18.0.0/15")
_INNER = "eth0"


@dataclass(frozen=True, slots=True)
class Network:
    """Where a node lives. `name` is that of the namespace and of the host's interface."""

    name: str
    whole: IPv4Network

    @property
    def pods(self) -> IPv4Network:
        """Addresses of pods."""
        return next(self.whole.subnets(new_prefix=24))

    @property
    def services(self) -> IPv4Network:
        """Addresses of services."""
        return list(self.whole.subnets(new_prefix=24))[1]

    @property
    def host(self) -> IPv4Address:
        """The host, as the node sees it."""
        return self.whole[2 * 256 + 1]

    @property
    def node(self) -> IPv4Address:
        """The node, as the host sees it."""
        return self.whole[2 * 256 + 2]


def create(ledger: Ledger) -> Network:
    """Make a network that clashes with nothing, after writing it down. Raises LabError when no addresses are free."""
    with FileLock(host.run_root() / "network.lock", mode=0o600):
        network = _choose()
        ledger.namespace(network.name)
        ledger.link(network.name)
        _connect(network)
    return network


def _choose() -> Network:
    """Addresses that are free, and a name that no lab has had: what a dead one has left is never taken for ours."""
    used = _routes()
    for whole in _RANGE.subnets(new_prefix=22):
        if not any(whole.overlaps(other) for other in used):
            return Network(f"reclab-{secrets.token_hex(4)}", whole)  # an interface's name has at most 15 characters
    raise LabError(f"all of {_RANGE} is in use on this machine; end some labs (python -m lab down --all)")


def _connect(network: Network) -> None:
    name = network.name
    _run("ip", "netns", "add", name)
    _run("ip", "link", "add", name, "type", "veth", "peer", "name", _INNER, "netns", name)
    _run("ip", "address", "add", f"{network.host}/30", "dev", name)
    _run("ip", "link", "set", name, "up")
    inside = ("ip", "-netns", name)
    _run(*inside, "link", "set", "lo", "up")
    _run(*inside, "address", "add", f"{network.node}/30", "dev", _INNER)
    _run(*inside, "link", "set", _INNER, "up")
    _run(*inside, "route", "add", "default", "via", str(network.host))
    _run("ip", "route", "add", str(network.whole), "via", str(network.node))


def _routes() -> list[IPv4Network]:
    """Where the host has a route to, its own addresses among them, but for the default route."""
    rows = _ip("-4", "route", "show", "table", "all")
    return [IPv4Network(row["dst"], strict=False) for row in rows if row["dst"] != "default"]


def _ip(*words: str) -> list[dict[str, str]]:
    """The answer of a question to ip(8), one mapping for each thing; it says nothing at all when there is none."""
    answer: list[dict[str, str]] = json.loads(_run("ip", "-json", *words) or "[]")
    return answer


def _run(*argv: str) -> str:
    """Output of a command. Raises LabError with its words when it fails."""
    done = subprocess.run([host.program(argv[0]), *argv[1:]], capture_output=True, text=True, check=False)
    if done.returncode:
        raise LabError(f"{' '.join(argv)}: {done.stderr.strip() or done.returncode}")
    return done.stdout
