"""Where a probe may go. Pure.

An endpoint comes from what a workload says of itself, so it is a stranger's. Addresses that only mean something to this
machine and hand out credentials to whoever asks (the metadata services of clouds) are never contacted.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from reconciler.probe.failures import NoAnswerError

Address = IPv4Address | IPv6Address

_ENDPOINT = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.]{2,45})\]|(?P<host>[A-Za-z0-9._-]{1,253})):(?P<port>[0-9]{1,5})")
#: Metadata services outside of the link-local networks: AWS, Google, Alibaba, Azure, Oracle.
_METADATA = {
    ip_address(text) for text in ("fd00:ec2::254", "fd20:ce::254", "100.100.100.200", "168.63.129.16", "192.0.0.192")
}
_NAT64 = IPv6Network("64:ff9b::/96")


def split(endpoint: str) -> tuple[str, int]:
    """`host:port` or `[address]:port` as host and port. Raises NoAnswerError for anything else."""
    match = _ENDPOINT.fullmatch(endpoint)
    port = int(match["port"]) if match else 0
    if match is None or not 0 < port < 65536:
        raise NoAnswerError(f"its endpoint is {endpoint[:80]!a}, expected host:port")
    return match["six"] or match["host"], port


def literal(host: str) -> Address | None:
    """The address that a host is; None for a name."""
    try:
        return ip_address(host)
    except ValueError:
        return None


def why_never(address: Address) -> str:
    """Why an address is not contacted; "" when it may be."""
    inner = _inner(address)
    if inner in _METADATA:
        return "a metadata service of a cloud"
    if inner.is_link_local:
        return "a link-local address"
    if inner.is_multicast or inner.is_unspecified or (inner.is_reserved and isinstance(inner, IPv4Address)):
        return "no address of a host"
    return ""


def _inner(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for, where it does."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.sixtofour or address
