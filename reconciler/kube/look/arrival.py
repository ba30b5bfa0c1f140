"""An object as it arrives, compared with what is declared of it, at once or as soon as that can be done."""

from __future__ import annotations

from dataclasses import replace

from reconciler.kube import marks
from reconciler.kube.declared import Declared, pack, unpack
from reconciler.kube.drift.compare import compare
from reconciler.kube.kinds import Kind, Object
from reconciler.kube.look.seen import Seen, see
from reconciler.models.workload import Drift

_DROPPED = ("apiVersion", "kind", "status")


def arrive(kind: Kind, item: Object, owner: str, declared: Declared) -> Seen | None:
    """What is kept of an object; None when it is not one of `owner`'s.

    It can be compared when it bears the digest of what is declared: with another one, it is replaced anyway. What
    cannot be compared yet is kept packed: what is declared may not be known yet, or may change back.
    """
    seen = see(kind, item, owner)
    if seen is None or not seen.stamp.objects or seen.child:
        return seen
    if seen.stamp.mark.digest == declared.digest(seen.service):
        return _with_drift(seen, item, declared)
    return replace(seen, raw=pack([{key: value for key, value in item.items() if key not in _DROPPED}]))


def compared(seen: Seen, declared: Declared) -> Seen:
    """The same with its drift, which could not be told when it arrived."""
    return _with_drift(seen, unpack(seen.raw)[0], declared)


def _with_drift(seen: Seen, live: Object, declared: Declared) -> Seen:
    wanted = declared.object(seen.service, seen.kind, seen.namespace, seen.name)
    found = compare(wanted, live, declared.ignored(seen.service)) if wanted is not None else ()
    return replace(seen, drift=(*found, *_damage(seen, found)), raw=b"")


def _damage(seen: Seen, found: tuple[Drift, ...]) -> tuple[Drift, ...]:
    """The label of ours that was changed, where it is not among the declared fields.

    An object that has lost its id is not counted among those of its set, so that the whole set is applied again.
    """
    if seen.stamp.damaged in ("", marks.ID):
        return ()
    field = f"/metadata/labels/{seen.stamp.damaged.replace('~', '~0').replace('/', '~1')}"
    known = any(drift.field == field for drift in found)
    return () if known else (Drift(str(seen), field, version=seen.version),)
