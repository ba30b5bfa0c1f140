"""What the API server itself says: how many objects there are, and how often it was asked."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Self

import urllib3

from lab.kubernetes import KubernetesFacts

#: What services are made of, and what is watched of them.
RESOURCES = ("deployments", "statefulsets", "services", "configmaps", "persistentvolumeclaims", "pods")
#: Verbs of the controllers only (the daemon's updates are of leases), and of streams, which cost one call for minutes.
_NOT_OURS = {"PUT", "WATCH"}
_REQUEST = re.compile(r"apiserver_request_total\{(?P<labels>[^}]*)\} (?P<value>\S+)")
_LABEL = re.compile(r'(\w+)="([^"]*)"')

Calls = Counter[tuple[str, str]]


class ApiServer:
    """The administrator's view of a lab's API server."""

    def __init__(self, facts: KubernetesFacts) -> None:
        pki = facts.folder / "pki"
        self._server = facts.server
        self._pool = urllib3.PoolManager(
            ca_certs=str(pki / "ca.crt"), cert_file=str(pki / "admin.crt"), key_file=str(pki / "admin.key")
        )

    def count(self, group: str, plural: str) -> int:
        """How many objects of a kind are in namespace `ai`: one is sent, the rest is counted."""
        page = json.loads(self._get(f"/{group}/namespaces/ai/{plural}?limit=1"))
        return len(page["items"]) + int(page["metadata"].get("remainingItemCount", 0))

    def calls(self) -> Calls:
        """Requests for the resources of services since its start, by verb and resource; updates and streams apart."""
        found: Calls = Counter()
        for match in _REQUEST.finditer(self._get("/metrics").decode()):
            labels = dict(_LABEL.findall(match["labels"]))
            if labels["verb"] not in _NOT_OURS and labels["resource"] in RESOURCES and not labels["subresource"]:
                found[labels["verb"], labels["resource"]] += int(float(match["value"]))
        return found

    def leases(self) -> int:
        """Requests for leases of namespace-scoped kind since its start."""
        text = self._get("/metrics").decode()
        found = (dict(_LABEL.findall(match["labels"])) | {"n": match["value"]} for match in _REQUEST.finditer(text))
        return sum(int(float(one["n"])) for one in found if one["resource"] == "leases" and one["verb"] != "WATCH")

    def get(self, path: str) -> dict[str, Any]:
        """What is at a path."""
        answer: dict[str, Any] = json.loads(self._get(path))
        return answer

    def patch(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """A merge patch, as `kubectl edit` sends one."""
        headers = {"Content-Type": "application/merge-patch+json"}
        query = "?fieldManager=kubectl-edit"
        answer = self._pool.request("PATCH", self._server + path + query, body=json.dumps(body), headers=headers)
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status} {answer.data.decode()[:200]}")
        changed: dict[str, Any] = json.loads(answer.data)
        return changed

    def delete(self, path: str) -> None:
        """At once, and what was made of it goes as well."""
        answer = self._pool.request("DELETE", self._server + path)
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status} {answer.data.decode()[:200]}")

    def stream(self, path: str) -> Iterator[bytes]:
        """The lines of a watch, until the server ends it or is gone."""
        answer = self._pool.request("GET", self._server + path, preload_content=False, timeout=urllib3.Timeout(5, 3600))
        rest = b""
        with suppress(urllib3.exceptions.HTTPError, OSError):
            for chunk in answer.stream(None):
                *lines, rest = (rest + chunk).split(b"\n")
                yield from (line for line in lines if line)

    def close(self) -> None:
        self._pool.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _get(self, path: str) -> bytes:
        answer = self._pool.request("GET", self._server + path, retries=False)
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status}")
        return answer.data
