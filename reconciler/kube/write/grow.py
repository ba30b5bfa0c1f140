"""Claims of a StatefulSet that are to be larger: its templates cannot be changed, but the claims themselves can grow.

So they grow first; then the set is made anew with the larger templates, and takes over pods and claims as they are.
Whether a claim can grow is its storage class' matter (`allowVolumeExpansion`), and none can shrink.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator
from fractions import Fraction

from reconciler.errors import RefusedError
from reconciler.kube.door.api import Api
from reconciler.kube.drift.values import quantity
from reconciler.kube.kinds import CLAIM, Object
from reconciler.kube.look.cache import Cache
from reconciler.kube.look.seen import Seen

_log = logging.getLogger("reconciler.kube")
_BACK = "set the size back, or use a storage class that lets claims grow (allowVolumeExpansion)"


def grow(api: Api, cache: Cache, service: str, item: Object) -> None:
    """Ask for the size of its templates for every claim of a StatefulSet, as far as it is smaller.

    Raises RefusedError where one cannot grow; nothing else was changed then.
    """
    sizes = {name: size for name, _, size in templates(item)}
    for seen, volume in _claims(cache, service, item, sizes):
        live = api.get(CLAIM, seen.namespace, seen.name)
        asked, wanted = _asked(live), quantity(sizes[volume])
        if asked is not None and wanted is not None and asked < wanted:
            _grow(api, seen, sizes[volume])


def templates(item: Object) -> list[tuple[str, tuple[object, ...], str]]:
    """PURE. Of each claim template its name, what can never be changed, and its size."""
    found = item.get("spec", {}).get("volumeClaimTemplates") or []
    return [_template(one.get("metadata", {}).get("name"), one.get("spec", {})) for one in found]


def why_not(item: Object, live: Object) -> str:
    """PURE. Why the templates of a living StatefulSet cannot become those of `item`; "" where growing is enough."""
    wanted, there = templates(item), templates(live)
    if [one[:2] for one in wanted] != [one[:2] for one in there]:
        return (
            "the claims of a stateful service are never changed but in size, as their data would be lost: change the "
            "volume back"
        )
    for (name, _, size), (_, _, before) in zip(wanted, there, strict=True):
        new, old = quantity(size), quantity(before)
        if size != before and (new is None or old is None or new < old):
            return f"the claims for the volume {name} cannot shrink: found {size}, expected at least {before}"
    return ""


def _template(name: str, spec: Object) -> tuple[str, tuple[object, ...], str]:
    size = spec.get("resources", {}).get("requests", {}).get("storage")
    return str(name), (spec.get("accessModes"), spec.get("storageClassName")), str(size)


def _claims(cache: Cache, service: str, item: Object, volumes: Iterable[str]) -> Iterator[tuple[Seen, str]]:
    """The claims that the set made, each with the volume that it is for; also of replicas that are there no more."""
    metadata, names = item["metadata"], "|".join(map(re.escape, volumes))
    pattern = re.compile(rf"(?P<volume>{names})-{re.escape(metadata['name'])}-\d+", re.ASCII)
    for seen in cache.of(metadata["namespace"], service):
        match = pattern.fullmatch(seen.name) if seen.kind == CLAIM.name and seen.deleted is None else None
        if match:
            yield seen, match["volume"]


def _asked(claim: Object | None) -> Fraction | None:
    return quantity((claim or {}).get("spec", {}).get("resources", {}).get("requests", {}).get("storage"))


def _grow(api: Api, claim: Seen, size: str) -> None:
    """Change exactly the claim that was seen."""
    operations = [
        {"op": "test", "path": "/metadata/uid", "value": claim.uid},
        {"op": "replace", "path": "/spec/resources/requests/storage", "value": size},
    ]
    try:
        api.patch(CLAIM, claim.namespace, claim.name, operations)
    except RefusedError as error:
        raise type(error)(f"{error}; its data stay as they are: {_BACK}") from error
    _log.info("%s: grows to %s", claim, size)
