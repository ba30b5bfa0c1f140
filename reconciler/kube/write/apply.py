"""Applying the objects of one service, in order."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from reconciler.errors import WaitingError
from reconciler.kube.door.api import Api
from reconciler.kube.door.failures import AbsentError, ClashError, FixedError, UnservedError
from reconciler.kube.kinds import CLAIM, NAMESPACE, Kind, Object, full_name
from reconciler.kube.look.cache import Cache
from reconciler.kube.render import manifests
from reconciler.kube.render.manifests import Manifest
from reconciler.kube.write.conflicts import Guard
from reconciler.kube.write.ownership import Ownership
from reconciler.kube.write.remake import Remaker
from reconciler.models.workload import Mark

_log = logging.getLogger("reconciler.kube")


class Applier:
    """Applies; to be shared by threads.

    An object that is known is addressed by its uid, so that nothing but it is ever changed.
    """

    def __init__(self, api: Api, cache: Cache, guard: Guard, *, create_namespaces: bool) -> None:
        self._api = api
        self._cache = cache
        self._guard = guard
        self._create_namespaces = create_namespaces
        self._remaker = Remaker(api, guard)
        self._ownership = Ownership(api)

    def apply(self, manifest: Manifest, mark: Mark, ignore: Sequence[str] = ()) -> None:
        """Apply everything of a manifest under `mark`; `ignore` are pointers to what others own.

        Raises ConflictError before anything is written when something of it is not ours; WaitingError when something
        has to be there, or gone, first. What follows a refused object is not applied.
        """
        service = mark.service
        items = [self._addressed(service, item) for item in manifests.stamp(manifest, mark)]
        for name in manifest.claims:
            self._guard.uid(service, CLAIM, items[0]["metadata"]["namespace"], name)
        if manifest.careful:
            for item in items:
                self._try(service, item)
        for item in items:
            self._put(service, item, ignore)

    def _addressed(self, service: str, item: Object) -> Object:
        """The same with the uid of the object that it is to change, where there is one."""
        metadata = item["metadata"]
        try:
            uid = self._guard.uid(service, self._kind(item), metadata["namespace"], metadata["name"])
        except UnservedError as error:
            raise self._unserved(item) from error
        return _with_uid(item, uid)

    def _try(self, service: str, item: Object) -> None:
        """Let the server check an object, so that a bad one leaves all of the old version as it is."""
        try:
            self._write(service, item, dry_run=True)
        except FixedError as error:
            self._remaker.check(service, self._kind(item), item, error)

    def _put(self, service: str, item: Object, ignore: Sequence[str]) -> None:
        metadata = item["metadata"]
        seen = self._cache.get(self._kind(item), metadata["namespace"], metadata["name"])
        self._ownership.before(item, seen, ignore)
        try:
            answer = self._write(service, item)
        except FixedError as error:
            raise self._remaker.make_way(service, self._kind(item), item, error) from error
        if "deletionTimestamp" in answer["metadata"]:
            raise WaitingError(f"waits for {_name(item)} to be gone: it is being deleted")
        self._ownership.after(item, answer, ignore)

    def _write(self, service: str, item: Object, *, dry_run: bool = False) -> Object:
        try:
            return self._api.apply(item, dry_run=dry_run)
        except UnservedError as error:
            raise self._unserved(item) from error
        except AbsentError as error:
            self._make_namespace(item["metadata"]["namespace"], error)
        except ClashError:
            item = self._found_anew(service, item)
        return self._api.apply(item, dry_run=dry_run)

    def _found_anew(self, service: str, item: Object) -> Object:
        """The object is not the one that was seen: ours may have been made anew, or be gone."""
        kind, metadata = self._kind(item), item["metadata"]
        live = self._api.get(kind, metadata["namespace"], metadata["name"])
        return _with_uid(item, self._guard.uid_of_live(service, kind, live) if live else "")

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


def _with_uid(item: Object, uid: str) -> Object:
    metadata = {key: value for key, value in item["metadata"].items() if key != "uid"}
    return {**item, "metadata": {**metadata, "uid": uid} if uid else metadata}


def _name(item: Object) -> str:
    return f"{item['kind']} {item['metadata']['namespace']}/{item['metadata']['name']}"
