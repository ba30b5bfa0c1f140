"""Applying the objects of one service, in order."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from reconciler.errors import DeniedError, RefusedError, WaitingError
from reconciler.kube.door.api import Api
from reconciler.kube.door.failures import AbsentError, ClashError, FixedError, UnservedError
from reconciler.kube.kinds import CLAIM, NAMESPACE, STATEFUL_SET, Kind, Object, full_name
from reconciler.kube.look.cache import Cache
from reconciler.kube.render import manifests
from reconciler.kube.render.manifests import Manifest
from reconciler.kube.render.secrets import Generated
from reconciler.kube.write import grow, kept, secrets
from reconciler.kube.write.conflicts import Guard
from reconciler.kube.write.ownership import Ownership
from reconciler.kube.write.remake import Remaker
from reconciler.models.workload import Mark

_log = logging.getLogger("reconciler.kube")

#: A resource version that no object has: with it the API server makes an object, and answers 409 when there is one
#: (k8s.io/apiserver/pkg/registry/generic/registry/store.go, Update; it holds for server-side apply as well).
_NOT_THERE = "1"


class Applier:
    """Applies; to be shared by threads.

    An object that is known is addressed by its uid, and one that is not must not be there: so nothing but ours is ever
    changed, whatever others do at the same moment.
    """

    def __init__(self, api: Api, cache: Cache, guard: Guard, *, create_namespaces: bool) -> None:
        self._api = api
        self._cache = cache
        self._guard = guard
        self._create_namespaces = create_namespaces
        self._remaker = Remaker(api, cache, guard)
        self._ownership = Ownership(api)

    def apply(self, manifest: Manifest, mark: Mark, ignore: Sequence[str] = ()) -> None:
        """Apply everything of a manifest under `mark`; `ignore` are pointers to what others own.

        Raises ConflictError when something of it is not ours, before anything is written unless that was made in these
        seconds; WaitingError when something has to be there, or gone, first. What follows a refused object is not
        applied.
        """
        service = mark.service
        kept.check(self._cache, service, manifest)
        items = [self._addressed(service, item) for item in manifests.stamp(manifest, mark)]
        for name in manifest.claims:
            self._guard.uid(service, CLAIM, items[0]["metadata"]["namespace"], name)
        if manifest.careful:
            for item in items:
                self._try(service, item)
        if manifest.generated:
            self._make_secret(manifest.generated)
        for item in items:
            self._put(service, item, ignore)

    def _make_secret(self, generated: Generated) -> None:
        try:
            secrets.make(self._api, generated)
        except AbsentError as error:
            self._make_namespace(generated.item["metadata"]["namespace"], error)
            secrets.make(self._api, generated)

    def _addressed(self, service: str, item: Object) -> Object:
        """The same as the change of the object that is known, or as a new one."""
        metadata = item["metadata"]
        try:
            return _to(item, self._guard.uid(service, self._kind(item), metadata["namespace"], metadata["name"]))
        except UnservedError as error:
            raise self._unserved(item) from error

    def _try(self, service: str, item: Object) -> None:
        """Let the server check an object, so that a bad one leaves all of the old version as it is."""
        try:
            self._write(service, item, dry_run=True)
        except FixedError as error:
            self._remaker.check(service, self._kind(item), item, error)

    def _put(self, service: str, item: Object, ignore: Sequence[str]) -> None:
        metadata = item["metadata"]
        seen = self._cache.get(self._kind(item), metadata["namespace"], metadata["name"])
        item = self._ownership.before(item, seen, ignore)
        if seen is None and item["kind"] == STATEFUL_SET.name and self._has_claims(metadata["namespace"], service):
            grow.grow(
                self._api, self._cache, service, item
            )  # those that were kept are taken as they are, however large
        try:
            answer = self._write(service, item)
        except FixedError as error:
            raise self._remaker.make_way(service, self._kind(item), item, error) from error
        if "deletionTimestamp" in answer["metadata"]:
            raise WaitingError(f"waits for {_name(item)} to be gone: it is being deleted")
        self._ownership.after(item, answer, ignore)

    def _has_claims(self, namespace: str, service: str) -> bool:
        return any(one.kind == CLAIM.name for one in self._cache.of(namespace, service))

    def _write(self, service: str, item: Object, *, dry_run: bool = False) -> Object:
        try:
            return self._api.apply(item, dry_run=dry_run)
        except UnservedError as error:
            raise self._unserved(item) from error
        except AbsentError as error:
            self._make_namespace(item["metadata"]["namespace"], error)
        except ClashError:
            item = self._found(service, item)
        except RefusedError as error:
            if isinstance(error, FixedError | DeniedError) or dry_run or not self._ownership.reclaim(item):
                raise
        return self._api.apply(item, dry_run=dry_run)

    def _found(self, service: str, item: Object) -> Object:
        """What is there is not what was seen: ours may be new, or made anew, or gone."""
        kind, metadata = self._kind(item), item["metadata"]
        live = self._api.get(kind, metadata["namespace"], metadata["name"])
        return _to(item, self._guard.judge(service, kind, live) if live else "")

    def _kind(self, item: Object) -> Kind:
        return self._api.kind(full_name(item))

    def _unserved(self, item: Object) -> WaitingError:
        self._cache.want(Kind(item["kind"], item["apiVersion"], ""))
        return WaitingError(f"waits for the CRD of {full_name(item)} to be established")

    def _make_namespace(self, name: str, error: AbsentError) -> None:
        """Make a namespace that is not there. It is never changed afterwards: nothing of it is ours."""
        if not self._create_namespaces:
            raise WaitingError(f"{error}: make it, or let the target make it (createNamespaces)") from error
        self._api.apply({"apiVersion": NAMESPACE.api_version, "kind": NAMESPACE.name, "metadata": {"name": name}})
        _log.info("namespace %s: made", name)


def _to(item: Object, uid: str) -> Object:
    """Addressed to one object, or to none."""
    kept = {key: value for key, value in item["metadata"].items() if key not in ("uid", "resourceVersion")}
    return {**item, "metadata": {**kept, **({"uid": uid} if uid else {"resourceVersion": _NOT_THERE})}}


def _name(item: Object) -> str:
    return f"{item['kind']} {item['metadata']['namespace']}/{item['metadata']['name']}"
