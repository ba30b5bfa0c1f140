"""Random requests that can be given to the simulated API server and to a real one alike, and what both answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random

from reconciler.errors import TargetError
from reconciler.kube.door.api import Api
from reconciler.kube.kinds import CONFIG_MAP, NETWORK_POLICY, SERVICE, STATEFUL_SET, Kind, Object
from tests.sim.kubernetes import contents, fields, ownership
from tests.sim.kubernetes.fields import Value
from tests.sim.kubernetes.ownership import Owner
from tests.sim.kubernetes.shapes import elements, is_granular

KINDS = (CONFIG_MAP, NETWORK_POLICY, SERVICE, STATEFUL_SET)
#: Kinds that nobody else writes: all of their events are those of the script.
QUIET = (CONFIG_MAP, NETWORK_POLICY, SERVICE)
MANAGERS = ("", "other", "third")
NAMESPACE = "ai"
_KNOWN = ("reconciler", "other", "third", "before-first-apply")
_BEFORE = Owner("before-first-apply", "Update")
Owned = dict[Owner, frozenset[fields.Path]]


@dataclass(frozen=True, slots=True)
class Step:
    """One request about one object. `variant` is a seed of its content; `stale`: it names another version or object."""

    verb: str
    kind: Kind
    name: str
    manager: str = ""
    variant: int = 0
    stale: bool = False


@dataclass
class Player:
    """Plays a script on one API server."""

    api: Api
    versions: dict[tuple[str, str], list[Object]] = field(default_factory=dict)

    def play(self, step: Step) -> tuple[str, Object | None]:
        """Carry out one step: "done" or the name of the error, and the object that was answered with."""
        try:
            return "done", _VERBS[step.verb](self, step)
        except TargetError as error:
            return type(error).__name__, None

    def live(self, step: Step) -> Object | None:
        """The object of a step as it is; also remembers it for steps that name an old version."""
        found = self.api.get(step.kind, NAMESPACE, step.name)
        if found is not None:
            self.versions.setdefault((step.kind.name, step.name), []).append(found)
        return found

    def apply(self, step: Step, *, dry_run: bool = False) -> Object:
        item = contents.make(step.kind, step.name, step.variant)
        if step.stale:
            item["metadata"]["uid"] = self._uid(step)
        return self.api.apply(item, manager=step.manager, dry_run=dry_run)

    def apply_new(self, step: Step) -> Object:
        """An apply that must make the object: no object has this version."""
        item = contents.make(step.kind, step.name, step.variant)
        item["metadata"]["resourceVersion"] = "1"
        return self.api.apply(item, manager=step.manager)

    def create(self, step: Step) -> Object:
        return self.api.create(contents.make(step.kind, step.name, step.variant))

    def replace(self, step: Step) -> Object | None:
        known = self.versions.get((step.kind.name, step.name))
        if not known:
            return None
        item = known[0 if step.stale else -1]
        labels = {**item["metadata"].get("labels", {}), "by": f"hand{step.variant % 3}"}
        return self.api.replace({**item, **_typed(step.kind), "metadata": {**item["metadata"], "labels": labels}})

    def patch(self, step: Step) -> Object:
        return self.api.patch(step.kind, NAMESPACE, step.name, contents.hand(step.kind, step.variant))

    def release(self, step: Step) -> Object:
        operations: list[Object] = [{"op": "remove", "path": "/metadata/finalizers"}]
        return self.api.patch(step.kind, NAMESPACE, step.name, operations)

    def delete(self, step: Step) -> None:
        self.api.delete(step.kind, NAMESPACE, step.name, self._uid(step), foreground=False)

    def delete_foreground(self, step: Step) -> None:
        self.api.delete(step.kind, NAMESPACE, step.name, self._uid(step), foreground=True)

    def _uid(self, step: Step) -> str:
        """The uid of the object; of the first one that had the name for a stale step."""
        known = self.versions.get((step.kind.name, step.name), [])
        wrong = "11111111-1111-1111-1111-111111111111"
        return wrong if step.stale or not known else str(known[-1]["metadata"]["uid"])


_VERBS: dict[str, Callable[[Player, Step], Object | None]] = {
    "apply": Player.apply,
    "dry run": lambda player, step: player.apply(step, dry_run=True),
    "apply new": Player.apply_new,
    "create": Player.create,
    "replace": Player.replace,
    "patch": Player.patch,
    "release": Player.release,
    "delete": Player.delete,
    "delete foreground": Player.delete_foreground,
}
_WEIGHTS = {"apply": 12, "apply new": 2, "dry run": 2, "create": 1, "replace": 2, "patch": 4, "release": 2, "delete": 2}


def script(seed: int, length: int) -> Iterator[Step]:
    """Steps on two objects of each kind."""
    chance = Random(seed)
    for _ in range(length):
        kind = chance.choice(KINDS)
        (verb,) = chance.choices(list(_WEIGHTS), list(_WEIGHTS.values()))
        if verb == "create" and kind is not CONFIG_MAP:
            verb = "apply"  # others get defaults, which would belong to whoever created them
        if kind is STATEFUL_SET:  # its controller writes, too
            verb = {"delete": "delete foreground", "replace": "patch"}.get(verb, verb)
        name = f"h{seed}-{chance.randrange(2)}"
        yield Step(verb, kind, name, chance.choice(MANAGERS), chance.randrange(1000), chance.random() < 0.1)


def difference(one: Object | None, other: Object | None) -> str:
    """What is different between an object of the simulated server and of the real one; "" when they agree.

    The real one may have more: defaults, addresses, a status. What a script can declare has to be the same.
    """
    if one is None or other is None:
        return "" if one is other else f"one is {one}, the other {other}"
    mine, theirs = _owned(one), _owned(other)
    if mine != theirs:
        return f"managed: {_sets(mine)}\n   real: {_sets(theirs)}"
    return _differs("", ownership.bare(one), ownership.bare(other), contents.declarable(one.get("kind", "")))


def _differs(name: str, one: Value, other: Value, declarable: frozenset[str]) -> str:
    if name in ("uid", "creationTimestamp", "resourceVersion", "deletionTimestamp", "generation"):
        return ""
    if isinstance(one, dict) and isinstance(other, dict):
        more = {key for key in other.keys() - one.keys() if key in declarable}
        if more or one.keys() - other.keys():
            return f"{name}: {sorted(one)} is not {sorted(other)}"
        found = (_differs(key, child, other[key], declarable) for key, child in one.items())
        return next(filter(None, found), "")
    if isinstance(one, list) and isinstance(other, list) and is_granular(name, one):
        mine, theirs = elements(name, one), elements(name, other)
        if list(mine) != list(theirs):
            return f"{name}: {list(mine)} is not {list(theirs)}"
        return next(filter(None, (_differs("", mine[key], theirs[key], declarable) for key in mine)), "")
    return "" if one == other else f"{name}: {one} is not {other}"


def _owned(item: Object) -> Owned:
    """What managers of the script own; before a first apply that includes defaults, which only the real one has."""
    owned = {owner: paths for owner, paths in ownership.read(item).sets.items() if owner.manager in _KNOWN}
    known = {f"f:{name}" for name in contents.declarable(item.get("kind", ""))}
    for owner in owned.keys() & {_BEFORE}:
        owned[owner] = frozenset(path for path in owned[owner] if path[-1] in known)
    return {owner: paths for owner, paths in owned.items() if paths and not owner.subresource}


def _sets(owned: Owned) -> str:
    return "; ".join(f"{owner.manager}/{owner.operation} {fields.written(paths)}" for owner, paths in owned.items())


def _typed(kind: Kind) -> Object:
    return {"apiVersion": kind.api_version, "kind": kind.name}
