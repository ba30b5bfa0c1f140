"""Whether somebody without a token is near enough: on this machine, with nothing and nobody between."""

from __future__ import annotations

import ipaddress
import re

from starlette.datastructures import Headers

from reconciler.settings.http import Whose

#: What a proxy adds: the peer is then the proxy, and says nothing about who asks.
_BETWEEN = re.compile(r"forwarded|x-forwarded-.+|x-real-ip|x-client-ip|true-client-ip|x-original-.+|via")
_HOST = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<name>[^:\[\]]+))(?::\d{1,5})?")


def is_loopback(address: str) -> bool:
    """Whether an address is this machine's own loopback, also as IPv6 writes it."""
    try:
        known = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = known.ipv4_mapped if isinstance(known, ipaddress.IPv6Address) else None
    return (mapped or known).is_loopback


def host_of(text: str) -> str:
    """The host that a Host header names, without its port; "" for none that is well-formed."""
    match = _HOST.fullmatch(text.strip())
    return (match["six"] or match["name"] or "").lower().rstrip(".") if match else ""


def why_not(whose: Whose, peer: str, headers: Headers, own: tuple[str, ...]) -> str:
    """Why somebody without a token may not see this; "" when it may. `own` are addresses that the daemon listens on.

    The Host is looked at because a page of another site in a browser on this machine can make a name of its own mean
    127.0.0.1 (DNS rebinding); the browser then says that name.
    """
    if whose == "all":
        return ""
    if whose == "none":
        return "nobody is shown this without a token"
    if not is_loopback(peer):
        return "without a token it is shown on the daemon's own machine only"
    if proxies := [name for name in headers if _BETWEEN.fullmatch(name)]:
        return f"without a token it is shown without a proxy between only, and there is the header {proxies[0]}"
    host = host_of(headers.get("host", "localhost"))
    if host == "localhost" or is_loopback(host) or host in own:
        return ""
    return "without a token it is shown under the daemon's own address only, and the Host header has another one"
