"""What is so in truth, whatever anybody believes: what is wanted, and whose each object is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from reconciler.kube import marks
from reconciler.kube.kinds import CLAIM, POD, Object
from tests.sim.kubernetes.repository import KubeSpec
from tests.sim.kubernetes.server import SimServer
from tests.sim.kubernetes.store import Key, Version

#: What of a stranger's object only controllers change.
_OTHERS = ("status",)


@dataclass
class Truth:
    """`bad` names services whose present file is bad; `unreleased` what was removed together with others without leave.

    `mine` are the services of objects that a daemon made, by uid; `strangers` what other people made, by uid, as they
    left it. `stripped` are the services of objects from which somebody took the mark, `copies` are copies by hand that
    nothing tells from ours.
    """

    server: SimServer
    wanted: dict[str, KubeSpec]
    bad: set[str] = field(default_factory=set)
    unreleased: set[str] = field(default_factory=set)
    mine: dict[str, str] = field(default_factory=dict)
    strangers: dict[str, tuple[Key, Object]] = field(default_factory=dict)
    stripped: dict[str, str] = field(default_factory=dict)
    copies: set[str] = field(default_factory=set)

    def want(self, name: str, spec: KubeSpec) -> None:
        """A good file is committed."""
        self.wanted[name] = spec
        self.bad.discard(name)
        self.unreleased.discard(name)

    def remove(self, names: Sequence[str], *, leave: bool) -> None:
        """Services are removed by one commit. One alone may always go, unless nothing is left."""
        for name in names:
            del self.wanted[name]
        self.bad -= set(names)
        if leave:
            self.unreleased.clear()
        elif len(names) > 1:
            self.unreleased |= set(names)

    def made(self, item: Object) -> None:
        """A daemon has written this object."""
        metadata = item["metadata"]
        if metadata["uid"] not in self.strangers:
            known = metadata.get("annotations", {}).get(marks.ID, "").split("/")
            told = known[1] if known[1:] else metadata.get("labels", {}).get(marks.SERVICE, "")
            self.mine[metadata["uid"]] = told or self.mine.get(metadata["uid"], "")

    def stranger(self, item: Object) -> None:
        """Somebody else made this object, or left it like this."""
        metadata = item["metadata"]
        if metadata["uid"] in self.mine:
            self.stripped[metadata["uid"]] = self.mine.pop(metadata["uid"])
        key = (item["kind"], metadata["namespace"], metadata["name"])
        self.strangers[metadata["uid"]] = key, content(item)

    def take_back(self, uid: str) -> None:
        """A daemon that has not seen yet that the mark was taken off an object goes on with it."""
        self.mine[uid] = self.stripped.pop(uid)
        del self.strangers[uid]

    def ours(self) -> Iterator[tuple[Key, Version]]:
        """The objects that daemons made and that are not going."""
        for key, version in self.server.store.objects.items():
            metadata = version.item["metadata"]
            if metadata["uid"] in self.mine and "deletionTimestamp" not in metadata:
                yield key, version

    def service_of(self, item: Object) -> str:
        """The service of an object that is ours, or was made of one of ours; "" for anything else."""
        metadata = item["metadata"]
        known = self.mine.get(metadata["uid"], "")
        if known or item["kind"] not in (CLAIM.name, POD.name) or metadata["uid"] in self.strangers:
            return known
        service = str(metadata.get("labels", {}).get(marks.SERVICE, ""))
        # A copy of a StatefulSet makes claims with our labels as well; they are its owner's.
        own = item["kind"] == POD.name or re.fullmatch(rf"[a-z]+-{service}-\d+", metadata["name"])
        return service if own else ""


def content(item: Object) -> Object:
    """What of an object its author said."""
    metadata = {key: item["metadata"].get(key) for key in ("name", "uid", "labels", "annotations", "deletionTimestamp")}
    rest = {key: value for key, value in item.items() if key not in ("metadata", *_OTHERS)}
    return {**rest, "metadata": metadata}
