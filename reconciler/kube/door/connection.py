"""The official client, as far as it is used: kubeconfig and in-cluster accounts, TLS, the connection pool."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import urllib3

from reconciler.errors import LookError
from reconciler.kube.door import kubeconfig
from reconciler.kube.door.clock import utc_now
from reconciler.kube.door.kubeconfig import ACCOUNT, Fingerprint
from reconciler.settings import KubernetesTarget

if TYPE_CHECKING:
    from kubernetes.client import Configuration

#: Linux has all three names; other systems some (tcp(7)).
_KEEP_ALIVE_SECONDS = (("TCP_KEEPIDLE", 20), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3))
#: A watch may be silent for minutes: TCP asks after 20 s whether the other side is there, and gives up after 50 s.
_KEEP_ALIVE = [
    (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    *(
        (socket.IPPROTO_TCP, getattr(socket, name), value)
        for name, value in _KEEP_ALIVE_SECONDS
        if hasattr(socket, name)
    ),
]
#: Credentials are renewed so long before they expire, or after four fifths of a short life.
_EARLY = timedelta(seconds=30)
_LEAST = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Connection:
    """A way to one API server, for many threads at once."""

    pool: urllib3.PoolManager
    #: The address, such as https://127.0.0.1:6443.
    host: str
    #: The headers that tell who asks; never logged.
    headers: Callable[[], dict[str, str]]
    #: What it was made from, as that was then.
    files: tuple[Path, ...]
    made_from: Fingerprint
    #: When its credentials are to be renewed; None: when they are refused.
    renewal: datetime | None

    def outdated(self) -> bool:
        """Whether a file that it was made from has changed, or its credentials are about to expire."""
        due = self.renewal is not None and utc_now() >= self.renewal
        return due or kubeconfig.fingerprint(self.files) != self.made_from

    def close(self) -> None:
        """Close the connections that are not in use."""
        self.pool.clear()


def connect(target: KubernetesTarget, connections: int) -> Connection:
    """Read the kubeconfig (or the pod's own account) and make a pool of `connections`; nothing is sent yet.

    Raises LookError when it cannot be read: it may be written, or written anew, later.
    """
    from kubernetes import client  # noqa: PLC0415 - costs 0.4 s, paid only by those who talk to a cluster

    configuration = client.Configuration()
    try:
        files, made_from, expires = _load(target, configuration)
    except Exception as error:  # noqa: BLE001 - the loader names no errors; a broken file raises anything
        raise LookError(f"{_place(target)}: cannot be used: {_first_line(error)}") from None
    configuration.connection_pool_maxsize = connections
    configuration.socket_options = _KEEP_ALIVE

    def headers() -> dict[str, str]:
        try:
            settings: Mapping[str, Any] = configuration.auth_settings()
        except Exception as error:  # noqa: BLE001 - as above: a file that is gone
            raise LookError(f"{_place(target)}: no credentials: {_first_line(error)}") from None
        return {setting["key"]: setting["value"] for setting in settings.values() if setting.get("value")}

    pool = client.ApiClient(configuration).rest_client.pool_manager
    return Connection(pool, configuration.host.rstrip("/"), headers, files, made_from, _renewal(expires))


def _renewal(expires: datetime | None) -> datetime | None:
    if expires is None:
        return None
    now = utc_now()
    return max(expires - min(_EARLY, (expires - now) / 5), now + _LEAST)


def _load(
    target: KubernetesTarget, configuration: Configuration
) -> tuple[tuple[Path, ...], Fingerprint, datetime | None]:
    """Fill the configuration; the files that it depends on, how they were before, and when it expires."""
    from kubernetes import config  # noqa: PLC0415 - as above

    if target.kubeconfig == "in-cluster":
        files = (ACCOUNT / "token", ACCOUNT / "ca.crt")
        made_from = kubeconfig.fingerprint(files)
        config.load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]  # the client has no types here
        return files, made_from, None
    before = kubeconfig.fingerprint(kubeconfig.places(target))
    known = kubeconfig.read(target, target.timeout.total_seconds())
    config.load_kube_config_from_dict(  # type: ignore[no-untyped-call]  # the client has no types here
        known.content, context=known.context, client_configuration=configuration, persist_config=False
    )
    made_from = kubeconfig.fingerprint(known.files)
    # One that was written while it was read is read again at once.
    return known.files, (*before, *made_from[len(before) :]), known.expires


def _first_line(error: Exception) -> str:
    """Later lines may quote the file: it may hold secrets."""
    return (str(error).splitlines() or [type(error).__name__])[0]


def _place(target: KubernetesTarget) -> str:
    if target.kubeconfig == "in-cluster":
        return "the pod's service account"
    return str(target.kubeconfig or "the usual kubeconfig")
