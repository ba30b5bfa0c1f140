"""Claims that outlive their service say whose data they hold: another recipe under the same name must not take them.

What a StatefulSet makes of its templates has no word about the recipe, and a template can never be changed. So it is
written on the claims at the moment in which they become what is kept: before the rest of their service goes.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence

from reconciler.errors import ConflictError, RefusedError
from reconciler.kube import marks
from reconciler.kube.door.api import Api
from reconciler.kube.door.failures import AbsentError, ClashError
from reconciler.kube.kinds import CLAIM, Object
from reconciler.kube.look.cache import Cache
from reconciler.kube.look.seen import Seen
from reconciler.kube.render.manifests import Manifest

_log = logging.getLogger("reconciler.kube")
#: Not the manager of what is applied: that annotation is no part of what a service declares.
_MANAGER = "reconciler-data"


def remember(api: Api, seen: Sequence[Seen]) -> None:
    """Write the recipe on all claims among the objects of one service, as far as it is known and not there yet.

    A claim on which it cannot be written is kept all the same.
    """
    recipe = _made_of(seen)
    for one in seen if recipe else ():
        if one.kind != CLAIM.name or one.recipe or one.deleted is not None:
            continue
        try:
            api.apply(_note(one, recipe), manager=_MANAGER)
        except (AbsentError, ClashError):
            continue  # gone meanwhile
        except RefusedError as error:
            _log.warning("%s: that it holds data of the recipe %s could not be written on it: %s", one, recipe, error)


def check(cache: Cache, service: str, manifest: Manifest) -> None:
    """Raises ConflictError when a claim that the service would take, or has, holds the data of another recipe."""
    metadata = manifest.objects[0]["metadata"]
    namespace, recipe = metadata["namespace"], metadata["labels"].get(marks.NAME, "")
    own = (item["metadata"]["name"] for item in manifest.objects if item["kind"] == CLAIM.name)
    claims = [seen for name in (*manifest.claims, *own) if (seen := cache.get(CLAIM, namespace, name))]
    before = _made_of(cache.of(namespace, service)) if claims else ""
    for seen in claims:
        if (other := seen.recipe or before) not in ("", recipe):
            raise ConflictError(
                f"{seen} holds data of the recipe {other}, and service {service} is of the recipe {recipe} now: "
                "give it another name; or take it out of the repository, then "
                f"`reconciler data remove {service}` removes them"
            )


def _made_of(seen: Iterable[Seen]) -> str:
    """The recipe that a living service was made of; "" where its objects do not agree: a label is changed easily."""
    told = [one.recipe for one in seen if one.kind != CLAIM.name and one.recipe and one.stamp.objects]
    return told[0] if len(told) > 1 and len(set(told)) == 1 else ""


def _note(seen: Seen, recipe: str) -> Object:
    metadata = {"namespace": seen.namespace, "name": seen.name, "uid": seen.uid, "annotations": {marks.RECIPE: recipe}}
    return {"apiVersion": CLAIM.api_version, "kind": CLAIM.name, "metadata": metadata}
