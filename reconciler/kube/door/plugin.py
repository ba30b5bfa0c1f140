"""Credential plugins of kubeconfigs (`exec`): a command of the operator's that prints a token or a certificate.

The protocol is that of client-go (https://kubernetes.io/docs/reference/access-authn-authz/authentication/,
"client-go credential plugins"). What a plugin prints may be a secret: errors say how it ended, never what it printed.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

_EXTENSION = "client.authentication.k8s.io/exec"


@dataclass(frozen=True, slots=True)
class Given:
    """What a plugin gave: entries for the `user` of a kubeconfig, and when they expire (None: not said)."""

    credentials: Mapping[str, str]
    expires: datetime | None


def run(call: Mapping[str, Any], timeout: float, cluster: Mapping[str, Any] | None = None) -> Given:
    """Run a plugin as a kubeconfig's `exec` says, for at most `timeout` seconds. Raises ValueError.

    `cluster` is the kubeconfig's entry for the cluster, for a plugin that wants to know.
    """
    command = str(call.get("command", ""))
    printed = _printed(command, [str(arg) for arg in call.get("args") or ()], _environment(call, cluster), timeout)
    try:
        answer = json.loads(printed)
        status = answer["status"]
        version = answer["apiVersion"]
    except (ValueError, TypeError, KeyError):
        raise ValueError(f"exec plugin {command}: it did not print an ExecCredential with a status") from None
    if version != call.get("apiVersion"):
        raise ValueError(f"exec plugin {command}: it speaks {version}, the kubeconfig says {call.get('apiVersion')}")
    credentials = _credentials(status)
    if not credentials:
        raise ValueError(f"exec plugin {command}: it gave neither a token nor a client certificate")
    return Given(credentials, _time(status.get("expirationTimestamp")))


def _printed(command: str, args: list[str], environment: Mapping[str, str], timeout: float) -> bytes:
    try:
        done = subprocess.run(
            [command, *args],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout,
            check=False,
        )
    except OSError as error:
        raise ValueError(f"exec plugin {command}: cannot be run: {error.strerror}") from None
    except subprocess.TimeoutExpired:
        raise ValueError(f"exec plugin {command}: it did not end within {timeout:g} s") from None
    if done.returncode:
        raise ValueError(f"exec plugin {command}: it ended with exit code {done.returncode}")
    return done.stdout


def _environment(call: Mapping[str, Any], cluster: Mapping[str, Any] | None) -> dict[str, str]:
    more = {str(item["name"]): str(item["value"]) for item in call.get("env") or ()}
    spec: dict[str, Any] = {"interactive": False} | ({"cluster": _cluster(cluster)} if cluster else {})
    asked = {"apiVersion": call.get("apiVersion"), "kind": "ExecCredential", "spec": spec}
    return {**os.environ, **more, "KUBERNETES_EXEC_INFO": json.dumps(asked)}


def _cluster(entry: Mapping[str, Any]) -> dict[str, Any]:
    """The entry of a cluster as plugins are told it: the authority's certificate by its content, its own extension."""
    told = {key: value for key, value in entry.items() if key not in ("certificate-authority", "extensions")}
    if path := entry.get("certificate-authority"):
        told["certificate-authority-data"] = base64.b64encode(Path(path).read_bytes()).decode()
    mine = [item for item in entry.get("extensions") or () if item.get("name") == _EXTENSION]
    return told | ({"config": mine[0].get("extension")} if mine else {})


def _credentials(status: Mapping[str, Any]) -> dict[str, str]:
    """As a kubeconfig says them: certificates in base64."""
    given = {"token": status.get("token")}
    for key, field in (
        ("client-certificate-data", "clientCertificateData"),
        ("client-key-data", "clientKeyData"),
    ):
        text = status.get(field)
        given[key] = base64.b64encode(str(text).encode()).decode() if text else None
    return {key: str(value) for key, value in given.items() if value}


def _time(text: object) -> datetime | None:
    try:
        time = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)
