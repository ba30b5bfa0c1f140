"""The claims of one Kubernetes target that bear our mark, and their end; only when a person asks for it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from reconciler.errors import DeniedError, RefusedError
from reconciler.kube import marks
from reconciler.kube.door.client import Client
from reconciler.kube.door.failures import AbsentError, ClashError
from reconciler.kube.drift.values import quantity
from reconciler.kube.kinds import CLAIM, SECRET, Object
from reconciler.models.data import Stored
from reconciler.settings import KubernetesTarget


class ClaimKeeper:
    """See `reconciler.ports.DataKeeper`; `owner` is whose mark the claims bear, `name` the target's.

    The rights for it are not the daemon's (`reconciler rbac --data`).
    """

    def __init__(self, name: str, target: KubernetesTarget, owner: str) -> None:
        self._name = name
        self._namespaces = target.namespaces
        self._owner = owner
        self._client = Client(target, 1, writes=True)

    def list(self, service: str = "") -> Iterator[Stored]:
        """See `DataKeeper.list`."""
        for namespace in self._namespaces:
            for item in self._client.list(CLAIM, namespace, marks.ours(self._owner, service)).items:
                stamp = marks.read(item, CLAIM.name)
                if stamp is not None and stamp.mark.owner == self._owner and service in ("", stamp.mark.service):
                    yield stored(item, self._name, stamp.mark.service)

    def remove(self, stored: Stored) -> None:
        """See `DataKeeper.remove`: exactly the claim that was listed, by its uid."""
        namespace, _, name = stored.place.partition("/")
        try:
            self._client.delete(CLAIM, namespace, name, stored.identity, foreground=False)
        except (AbsentError, ClashError):
            return  # gone already, or another claim has its name now
        except RefusedError as error:
            raise self._denied(error) from error

    def remove_secrets(self, service: str) -> bool:
        """See `DataKeeper.remove_secrets`. Secrets are never read, so whether there were any is not known."""
        mine, named = marks.ours(self._owner, service), f"metadata.name={service}-generated"
        for namespace in self._namespaces:
            try:
                self._client.delete_all(SECRET, namespace, mine, fields=named)
            except RefusedError as error:
                raise self._denied(error) from error
        return True

    def close(self) -> None:
        """See `DataKeeper.close`."""
        self._client.close()

    def _denied(self, error: RefusedError) -> RefusedError:
        return DeniedError(
            f"{error}; these rights are not the daemon's: give them to yourself (reconciler rbac {self._name} --data "
            "--subject user:YOU | kubectl apply -f -), or name a kubeconfig that has them with --kubeconfig"
        )


def stored(item: Object, target: str, service: str) -> Stored:
    """PURE. What a claim says about itself."""
    metadata = item["metadata"]
    replica, volume = _volume(metadata["name"], service)
    size = quantity((item.get("spec") or {}).get("resources", {}).get("requests", {}).get("storage"))
    made = metadata.get("creationTimestamp")
    return Stored(
        target,
        service,
        replica,
        volume,
        f"{metadata['namespace']}/{metadata['name']}",
        (metadata.get("annotations") or {}).get(marks.RECIPE) or metadata["labels"].get(marks.NAME, ""),
        claimed=None if size is None else int(size),
        changed=datetime.fromisoformat(made) if made else None,
        removing="deletionTimestamp" in metadata,
        identity=metadata["uid"],
    )


def _volume(name: str, service: str) -> tuple[int | None, str]:
    """Replica and volume by the name of a claim (`render/storage.py` and StatefulSets give it)."""
    if name.startswith(f"{service}."):
        return None, name.removeprefix(f"{service}.")
    own = re.fullmatch(rf"(?P<volume>[^-]+)-{re.escape(service)}-(?P<replica>0|[1-9]\d{{0,8}})", name, re.ASCII)
    return (int(own["replica"]), own["volume"]) if own else (None, name)
