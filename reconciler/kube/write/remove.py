"""Removing what bears our mark and is wanted no more, in the reverse order of application.

It takes as many turns as it takes. Nothing is forced: what a finalizer holds is waited for, and what is denied is asked
for again later.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress

from reconciler.errors import DeniedError, RefusedError
from reconciler.kube.door.api import Api
from reconciler.kube.door.failures import AbsentError, ClashError, UnservedError
from reconciler.kube.kinds import CLAIM, CONFIG_MAP, DEPLOYMENT, POD, Object, stage_of
from reconciler.kube.look.cache import Cache
from reconciler.kube.look.seen import Seen
from reconciler.kube.write import kept
from reconciler.kube.write.conflicts import Guard, going

_RUNS = stage_of(DEPLOYMENT.api_version, DEPLOYMENT.name)
_CONFIGURES = stage_of(CONFIG_MAP.api_version, CONFIG_MAP.name)

#: Where only such objects are left, nothing is seen of a service any more: claims may be data that was kept.
_UNKNOWN_ALONE = (CLAIM.name, POD.name)


class Remover:
    """Deletes; to be shared by threads. `kinds` are the full names of all kinds that may be there.

    What is there, the cache knows. Each object is deleted by its uid: another one that has its name by then stays.
    """

    def __init__(self, api: Api, cache: Cache, guard: Guard, kinds: Iterable[str]) -> None:
        self._api = api
        self._cache = cache
        self._guard = guard
        self._kinds = {full.rpartition("/")[2]: full for full in kinds}

    def remove(self, namespace: str, service: str, *, claims: bool) -> None:
        """Delete what may go now; nothing left is a success. To be called again until nothing is left.

        First what leads requests to the service and what runs it, then (with `claims`) its claims and other objects,
        at last its configuration and its network policy, so that nothing runs without them. Raises WaitingError when
        all that may go now is going already; DeniedError when the server refuses, after the others were asked for, and
        before anything when claims would go that are to be kept.
        """
        seen = [one for one in self._cache.of(namespace, service) if one.is_named_by_us]
        if not claims:
            _keep_claims(seen)
            if any(self._stage(one) == _RUNS for one in _staying(seen)):
                kept.remember(self._api, seen)
            seen = [one for one in seen if one.kind != CLAIM.name]
        steps = self._steps(seen)
        if steps:
            self._take(namespace, service, steps[0], [one for step in steps[1:] for one in step], claims=claims)

    def sweep(self, namespace: str, service: str, wanted: Iterable[Object]) -> None:
        """Delete what an earlier version of the service had and this one has not; claims are data and stay."""
        names = {(item["kind"], item["metadata"]["name"]) for item in wanted}
        left = [one for one in self._cache.of(namespace, service) if one.stamp.objects and not one.child]
        gone = [one for one in left if one.kind != CLAIM.name and (one.kind, one.name) not in names]
        self._delete_all(sorted(_staying(gone), key=self._stage, reverse=True))

    def _lost(self, namespace: str, service: str, *, claims: bool) -> list[Seen]:
        """Objects that are not followed any more, because somebody took the label away by which they are."""
        lost: list[Seen] = []
        for name, full in self._kinds.items():
            if name != POD.name and (claims or name != CLAIM.name):
                with suppress(UnservedError):
                    lost += self._guard.lost(service, self._api.kind(full), namespace)
        return sorted(lost, key=self._stage, reverse=True)

    def _take(self, namespace: str, service: str, step: Sequence[Seen], later: Sequence[Seen], *, claims: bool) -> None:
        """Delete the objects of one step; with the last of those by which a service is known, all that is left.

        Claims that are in use wait for the end of their pods by themselves.
        """
        last = all(one.kind in _UNKNOWN_ALONE for one in later)
        asked, left = _staying(step), _staying(later) if last else []
        if last and asked:
            self._delete_all(self._lost(namespace, service, claims=claims))
        self._delete_all(asked)
        self._delete_all(left)
        if not asked and not left:
            raise going(step[0])

    def _steps(self, seen: Sequence[Seen]) -> list[list[Seen]]:
        """What goes one after the other, in each the last applied first."""
        made = sorted((one for one in seen if one.kind != POD.name and not one.child), key=self._stage, reverse=True)
        running = [one for one in made if self._stage(one) >= _RUNS]
        # Pods that nothing runs any more were left behind when a StatefulSet was made anew, or by somebody's hand.
        detached = [one for one in seen if one.kind == POD.name and not one.child]
        data = [one for one in made if _CONFIGURES < self._stage(one) < _RUNS]
        rest = [one for one in made if self._stage(one) <= _CONFIGURES]
        return [step for step in (running, detached, data, rest) if step]

    def _delete_all(self, seen: Iterable[Seen]) -> None:
        """Ask for the end of each, whatever becomes of the others. Raises the first error then."""
        errors = [error for error in map(self._delete, seen) if error]
        if errors:
            raise errors[0]

    def _delete(self, seen: Seen) -> DeniedError | None:
        """Delete exactly the object that was seen; what was made of it goes first, so that its end is seen."""
        kind = self._api.kind(self._kinds[seen.kind])
        foreground = self._stage(seen) == _RUNS
        try:
            self._api.delete(kind, seen.namespace, seen.name, seen.uid, foreground=foreground)
        except (AbsentError, ClashError):
            return None  # gone already, or another object has its name now
        except RefusedError as error:
            return error if isinstance(error, DeniedError) else DeniedError(str(error))
        return None

    def _stage(self, seen: Seen) -> int:
        kind = self._api.kind(self._kinds[seen.kind])
        return stage_of(kind.api_version, kind.name)


def _staying(seen: Iterable[Seen]) -> list[Seen]:
    """Those whose end was not asked for yet."""
    return [one for one in seen if one.deleted is None]


def _keep_claims(seen: Iterable[Seen]) -> None:
    """Raises DeniedError for a claim that would go with the StatefulSet that owns it, if its template says so."""
    for one in seen:
        if one.kind == CLAIM.name and one.child and one.deleted is None:
            raise DeniedError(
                f"{one} would go with what made it, but its data is to be kept: set whenDeleted in the "
                "persistentVolumeClaimRetentionPolicy of its StatefulSet to Retain"
            )
