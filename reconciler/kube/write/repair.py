"""Putting back what was changed by hand: nothing is written before the API server agrees that something differs."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence

from reconciler.errors import RefusedError, TargetError
from reconciler.kube.door.api import Api
from reconciler.kube.drift import schema
from reconciler.kube.drift.compare import compare
from reconciler.kube.kinds import Object, full_name
from reconciler.kube.look.cache import Cache
from reconciler.kube.look.seen import Seen
from reconciler.kube.render import manifests
from reconciler.kube.render.manifests import Manifest
from reconciler.kube.write.ownership import Ownership, with_ignored
from reconciler.models.workload import Mark

#: How the API server says that a webhook with side effects cannot be asked what it would do
#: (k8s.io/apiserver/pkg/admission/plugin/webhook/errors).
_NO_DRY_RUN = "does not support dry run"

_log = logging.getLogger("reconciler.kube")


class Repairer:
    """Repairs what the cache says has drifted; to be shared by threads."""

    def __init__(self, api: Api, cache: Cache) -> None:
        self._api = api
        self._cache = cache
        self._ownership = Ownership(api)

    def repair(self, manifest: Manifest, mark: Mark) -> bool:
        """Put back each object that differs, in the order of application; whether there was anything to put back.

        It costs two requests for each of them: the first one asks what the second one would do. What would still
        differ afterwards is set by the API server itself (a webhook, a default that is not known here), so nothing is
        written because of it, and the cache is told. Raises TargetError.
        """
        done = [self._put_back(item, seen, manifest.ignore) for item, seen in self._drifted(manifest, mark)]
        return any(done)

    def _drifted(self, manifest: Manifest, mark: Mark) -> Iterator[tuple[Object, Seen]]:
        seen = {(one.kind, one.name): one for one in self._known(manifest, mark) if one.drift and not one.deleted}
        for item in manifests.stamp(manifest, mark):
            found = seen.get((item["kind"], item["metadata"]["name"]))
            if found is not None:
                yield {**item, "metadata": {**item["metadata"], "uid": found.uid}}, found

    def _known(self, manifest: Manifest, mark: Mark) -> Iterator[Seen]:
        for namespace in {item["metadata"]["namespace"] for item in manifest.objects}:
            yield from self._cache.of(namespace, mark.service)

    def _put_back(self, item: Object, seen: Seen, ignore: Sequence[str]) -> bool:
        item = self._with_ignored(item, [pointer for pointer in ignore if schema.is_part(item, pointer)])
        try:
            stays = self._what_stays(item, ignore)
        except RefusedError:
            if not self._ownership.reclaim(item):
                raise
            stays = self._what_stays(item, ignore)
        if all(drift.field in stays for drift in seen.drift):
            _log.info("%s: %s: set by the API server itself (a webhook or a default)", seen, ", ".join(sorted(stays)))
            self._cache.settle(seen)
            return False
        self._api.apply(item)
        return True

    def _with_ignored(self, item: Object, parts: Sequence[str]) -> Object:
        """What is ignored of a value that can only be applied as a whole has to be asked for."""
        metadata = item["metadata"]
        kind = self._api.kind(full_name(item)) if parts else None
        live = self._api.get(kind, metadata["namespace"], metadata["name"]) if kind else None
        return item if live is None else with_ignored(item, live, parts)

    def _what_stays(self, item: Object, ignore: Sequence[str]) -> set[str]:
        """The fields that would differ after an apply as well; none when that cannot be asked."""
        try:
            return {drift.field for drift in compare(item, self._api.apply(item, dry_run=True), ignore)}
        except TargetError as error:
            if _NO_DRY_RUN not in str(error):
                raise
            return set()
