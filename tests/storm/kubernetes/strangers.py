"""Objects of others in the same namespace, some of them very much like ours: none of them may ever be touched."""

from __future__ import annotations

import json
from typing import Any

from tests.faults.kubernetes.cloud import Cloud

_OTHER = {
    "app.kubernetes.io/managed-by": "reconciler",
    "reconciler/owner": "somebody-else",
    "reconciler/service": "web-a",
}


class Strangers:
    """Remembers each of them to the last byte, as it was made."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._known: dict[str, str] = {}
        self.touched: list[str] = []

    def settle(self, service: str) -> None:
        """Those that are there to the end: without labels, another owner's, and a copy of one of ours."""
        self.make("plain", {})
        self.make("other", {"labels": _OTHER})
        ours = self._cloud.item("ConfigMap", service)["metadata"]
        self.make("copy", {key: ours[key] for key in ("labels", "annotations")})

    def make(self, name: str, metadata: dict[str, Any]) -> None:
        """A ConfigMap. Raises LabError when there is one of that name."""
        item = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {**metadata, "name": name}, "data": {"a": "b"}}
        self._cloud.kubectl("create", "-f", "-", text=json.dumps(item))
        self._known[name] = self._whole(name)

    def leave(self, name: str) -> None:
        """One of them goes by itself."""
        self._check(name)
        self._cloud.kubectl("delete", "configmap", name, "--ignore-not-found")
        del self._known[name]

    def check(self) -> list[str]:
        """What was touched, ever."""
        for name in self._known:
            self._check(name)
        return self.touched

    def _check(self, name: str) -> None:
        now = self._whole(name)
        if now != self._known[name]:
            self.touched.append(f"ConfigMap {name}: was\n{self._known[name]}\nis\n{now}")

    def _whole(self, name: str) -> str:
        shown = ("-o", "yaml", "--show-managed-fields", "--ignore-not-found")
        return self._cloud.kubectl("get", "configmap", name, *shown)
