"""The official client, as far as it is used: kubeconfig and in-cluster accounts, TLS, tokens, the connection pool."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import urllib3

from reconciler.errors import LookError
from reconciler.settings import KubernetesTarget

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


@dataclass(frozen=True, slots=True)
class Connection:
    """A way to one API server, for many threads at once."""

    pool: urllib3.PoolManager
    #: The address, such as https://127.0.0.1:6443.
    host: str
    #: The headers that tell who asks; never logged. It refreshes the tokens of exec plugins and rotated files.
    headers: Callable[[], dict[str, str]]

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
        _load(target, configuration)
    except Exception as error:  # the loader names no errors of its own; a broken YAML file raises anything
        raise LookError(f"{_place(target)}: cannot be used: {_first_line(error)}") from error
    configuration.connection_pool_maxsize = connections
    configuration.socket_options = _KEEP_ALIVE

    def headers() -> dict[str, str]:
        try:
            settings: Mapping[str, Any] = configuration.auth_settings()
        except Exception as error:  # as above: a credential plugin that is missing or fails
            raise LookError(f"{_place(target)}: no credentials: {_first_line(error)}") from error
        return {setting["key"]: setting["value"] for setting in settings.values() if setting.get("value")}

    return Connection(client.ApiClient(configuration).rest_client.pool_manager, configuration.host.rstrip("/"), headers)


def _load(target: KubernetesTarget, configuration: object) -> None:
    from kubernetes import config  # noqa: PLC0415 - as above

    if isinstance(target.kubeconfig, Path) and not target.kubeconfig.is_file():
        raise FileNotFoundError("there is no such file yet; the target joins when it is there")
    if target.kubeconfig == "in-cluster":
        config.load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]  # the client has no types here
        return
    config.load_kube_config(  # type: ignore[no-untyped-call]  # the client has no types here
        config_file=str(target.kubeconfig) if target.kubeconfig else None,
        context=target.context,
        client_configuration=configuration,
        persist_config=False,
    )


def _first_line(error: Exception) -> str:
    """Later lines may quote the file, or what a plugin printed: both may hold secrets."""
    return (str(error).splitlines() or [type(error).__name__])[0]


def _place(target: KubernetesTarget) -> str:
    if target.kubeconfig == "in-cluster":
        return "the pod's service account"
    return str(target.kubeconfig or "the usual kubeconfig")
