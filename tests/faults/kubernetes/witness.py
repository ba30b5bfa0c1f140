"""What is really there: a namespace of the lab's API server as its administrator sees it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import urllib3

from lab.kubernetes import KubernetesFacts

#: An object as the API server sends it.
Item = dict[str, Any]
#: Everything that a service may be made of, by kind: where it is found.
PATHS = {
    "ConfigMap": "api/v1/namespaces/{}/configmaps",
    "PersistentVolumeClaim": "api/v1/namespaces/{}/persistentvolumeclaims",
    "Service": "api/v1/namespaces/{}/services",
    "Deployment": "apis/apps/v1/namespaces/{}/deployments",
    "StatefulSet": "apis/apps/v1/namespaces/{}/statefulsets",
    "NetworkPolicy": "apis/networking.k8s.io/v1/namespaces/{}/networkpolicies",
    "PodDisruptionBudget": "apis/policy/v1/namespaces/{}/poddisruptionbudgets",
}
#: What a service of the recipe `web` is made of.
WEB = ("ConfigMap", "Service", "Deployment")
_PAGE = 500
_METADATA = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"


class Witness:
    """Reads one namespace; every answer is fresh."""

    def __init__(self, facts: KubernetesFacts, namespace: str) -> None:
        pki = facts.folder / "pki"
        self._server = facts.server
        self._namespace = namespace
        self._pool = urllib3.PoolManager(
            ca_certs=str(pki / "ca.crt"), cert_file=str(pki / "admin.crt"), key_file=str(pki / "admin.key")
        )

    def items(self, owner: str, kinds: Iterable[str] = PATHS) -> dict[str, Item]:
        """`Kind/name` to object (its metadata only), of everything that bears the label of an owner."""
        selector = f"&labelSelector=reconciler/owner={owner}"
        return {f"{kind}/{item['metadata']['name']}": item for kind in kinds for item in self._list(kind, selector)}

    def count(self, kind: str) -> int:
        """How many objects of a kind there are, of anybody: one is sent, the rest is counted."""
        page = self._get(f"{PATHS[kind].format(self._namespace)}?limit=1")
        return len(page["items"] or []) + int(page["metadata"].get("remainingItemCount", 0))

    def get(self, kind: str, name: str) -> Item | None:
        """One object; None when it is not there."""
        answer = self._pool.request("GET", f"{self._server}/{PATHS[kind].format(self._namespace)}/{name}")
        return json.loads(answer.data) if answer.status == 200 else None

    def close(self) -> None:
        """Close its connections."""
        self._pool.clear()

    def _list(self, kind: str, selector: str) -> list[Item]:
        items: list[Item] = []
        following, path = "", f"{PATHS[kind].format(self._namespace)}?limit={_PAGE}{selector}"
        while True:
            page = self._get(f"{path}&continue={following}" if following else path)
            items += page["items"] or []
            following = page["metadata"].get("continue", "")
            if not following:
                return items

    def _get(self, path: str) -> Item:
        answer = self._pool.request("GET", f"{self._server}/{path}", headers={"Accept": _METADATA})
        assert answer.status == 200, f"{path}: {answer.status}"
        found: Item = json.loads(answer.data)
        return found
