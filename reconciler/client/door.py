"""The ways to a daemon: over the network, or over the unix socket in its state folder."""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

import httpx

import reconciler
from reconciler.client.errors import NoAnswerError
from reconciler.errors import SettingsError

#: Name of the socket, and of the file with the address, in a state folder.
SOCKET = "api.sock"
ADDRESS = "http"
_CONNECT = 5.0
_LAST_PORT = 65_535
_LONGEST = 107  # bytes of the path of a unix socket (unix(7))


@dataclass(frozen=True, slots=True)
class Door:
    """A way to one daemon. `name` is what it is called in messages."""

    name: str
    http: httpx.Client
    release: Callable[[], None] = field(default=lambda: None)

    def close(self) -> None:
        """Give back what is held."""
        self.http.close()
        self.release()


def over_network(url: str, token: str, context: ssl.SSLContext | None, timeout: float) -> Door:
    """To an address. `context` checks the certificate of https (None: as this machine does).

    Proxies of the environment are used, but not to this machine itself. Raises SettingsError.
    """
    base = _checked(url)
    headers = _headers(token)
    here = _is_here(base.host)
    if base.scheme == "http":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # it trusts nobody and is made at once; not used
    http = httpx.Client(
        base_url=base,
        headers=headers,
        verify=context or True,
        timeout=httpx.Timeout(timeout, connect=_CONNECT),
        trust_env=not here,
    )
    return Door(str(base), http)


def over_socket(path: Path, timeout: float) -> Door:
    """To the socket of a daemon's state folder; whoever may open it may do everything."""
    short, release = _short(path)
    transport = httpx.HTTPTransport(uds=short, verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    limit = httpx.Timeout(timeout, connect=_CONNECT)
    http = httpx.Client(base_url="http://localhost", headers=_headers(""), transport=transport, timeout=limit)
    return Door(str(path), http, release)


def of_state(folder: Path, token: str, context: ssl.SSLContext | None, timeout: float) -> Door:
    """To the daemon that works with a state folder: its socket, or else the address that it wrote there.

    Raises NoAnswerError where neither is there.
    """
    path = folder / SOCKET
    if _listens(path):
        return over_socket(path, timeout)
    try:
        address = (folder / ADDRESS).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise NoAnswerError(f"{folder}: no daemon works with it; start one with `reconciler run`") from error
    return over_network(address, token, context, timeout)


def trusting(ca_file: Path | None, *, pinned: bool = False) -> ssl.SSLContext | None:
    """What checks certificates: those of `ca_file` only, or as this machine does (None).

    `pinned`: the file has the daemon's own certificate, and the address, which may be a number, was told by itself.
    Raises SettingsError for a file that cannot be used.
    """
    if ca_file is None:
        return None
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except OSError as error:  # also ssl.SSLError
        reason = error.strerror if error.strerror and not isinstance(error, ssl.SSLError) else "it has no certificate"
        raise SettingsError(f"{ca_file}: cannot be used to check certificates: {reason}") from error
    if pinned:
        context.check_hostname = False
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


def _checked(url: str) -> httpx.URL:
    """The address. Raises SettingsError for what is none; what it says shows no password."""
    try:
        base = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise SettingsError(f"the address of the daemon cannot be read: {error}; write http://HOST:PORT") from error
    if base.userinfo:
        raise SettingsError("the address of a daemon has no user in it; give a token instead")
    wrong = not base.host or base.query or base.fragment or (base.port or 1) > _LAST_PORT
    if wrong or base.scheme not in ("http", "https"):
        raise SettingsError(f"{url}: no address of a daemon; write http://HOST:PORT or https://HOST:PORT")
    return base


def _headers(token: str) -> dict[str, str]:
    known = {"User-Agent": f"reconciler/{reconciler.__version__}", "Accept": "application/json"}
    if not token:
        return known
    if not (token.isascii() and token.isprintable() and " " not in token):
        raise SettingsError("the token has characters that none has; is it the right file?")
    return known | {"Authorization": f"Bearer {token}"}


def _is_here(host: str) -> bool:
    try:
        address = ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
    return address.is_loopback or address.is_unspecified


def _listens(path: Path) -> bool:
    """Whether somebody listens on a socket that this user may open; one that a killed daemon left does not count."""
    short, release = _short(path)
    try:
        with closing(socket.socket(socket.AF_UNIX)) as probe:
            probe.settimeout(_CONNECT)
            probe.connect(short)
            return True
    except OSError:
        return False
    finally:
        release()


def _short(path: Path) -> tuple[str, Callable[[], None]]:
    """A path to a socket that fits into an address of one, and what frees it afterwards."""
    if len(os.fsencode(path)) <= _LONGEST:
        return str(path), lambda: None
    try:
        folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return str(path), lambda: None
    return f"/proc/self/fd/{folder}/{path.name}", lambda: os.close(folder)
