"""What the rest of the room asks of an API server: all requests on one page.

`Client` speaks to a real one. Everything is in plain dictionaries as the API server sends and takes them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from reconciler.kube.kinds import Kind, Object


@dataclass(frozen=True, slots=True)
class Listing:
    """Everything of one kind, and the resource version from which a watch goes on."""

    items: list[Object]
    version: str


class Events(Protocol):
    """An open watch: `events` is read by one thread, `stop` may be called by another."""

    def events(self) -> Iterator[tuple[str, Object]]:
        """Type (ADDED, MODIFIED, DELETED, BOOKMARK) and object of each change until the server ends the stream.

        Raises ExpiredError when the version is too old, SilentError when it may hang (nothing is lost until then),
        another LookError when the stream breaks: events may then be lost.
        """
        ...

    def stop(self) -> None:
        """Make `events` end now."""
        ...


class Api(Protocol):
    """Requests to one API server; to be shared by threads. Reads raise LookError, writes the other TargetErrors."""

    @property
    def calls(self) -> int:
        """Requests sent so far, without pings."""
        ...

    def list(self, kind: Kind, namespace: str, selector: str, *, metadata: bool = False, fields: str = "") -> Listing:
        """All objects of a kind that match a label and a field selector; `metadata`: without spec and status.

        Raises AbsentError (a RefusedError) when the server does not know the kind.
        """
        ...

    def pages(self, kind: Kind, namespace: str, selector: str, *, fields: str = "") -> Iterator[Listing]:
        """What `list` gives, in parts that come one after the other, so that they need not be held all at once.

        All of them have the same version. Raises as `list` does, and ExpiredError when it took too long: begin again.
        """
        ...

    def kind(self, full: str) -> Kind:
        """The kind of a full name (`group/version/Kind`); the server is asked once for one that is not known to us.

        Raises UnservedError when the server does not know it either, RefusedError when it lives in no namespace.
        """
        ...

    def ping(self, kind: Kind, namespace: str) -> str:
        """The newest resource version of a kind, from one small request which is not counted; "" when it is not told.

        Raises LookError when there is no answer within seconds: the server does not answer at all.
        """
        ...

    def get(self, kind: Kind, namespace: str, name: str) -> Object | None:
        """One object; None when it is not there."""
        ...

    def watch(
        self, kind: Kind, namespace: str, selector: str, version: str, *, fields: str = ""
    ) -> AbstractContextManager[Events]:
        """The changes after a resource version. Raises ExpiredError or LookError when it cannot begin."""
        ...

    def apply(self, item: Object, *, manager: str = "", dry_run: bool = False) -> Object:
        """Server-side apply with force: the fields of `item` become as they say, whoever set them before.

        Returns the object as it is (or would be) then. `manager` is ours when "". With `metadata.uid` in `item` it is
        that object or none: ClashError when it is another one.
        """
        ...

    def create(self, item: Object) -> Object:
        """Make an object that must not be there. Raises ClashError when it is."""
        ...

    def replace(self, item: Object) -> Object:
        """Put a new version in the place of the one that `metadata.resourceVersion` names; ClashError otherwise."""
        ...

    def patch(self, kind: Kind, namespace: str, name: str, operations: Sequence[Object]) -> Object:
        """Apply a JSON patch (RFC 6902). Raises RefusedError when one of its tests fails."""
        ...

    def delete(
        self, kind: Kind, namespace: str, name: str, uid: str, *, foreground: bool, orphan: bool = False
    ) -> None:
        """Delete the object with this uid. Raises AbsentError when there is none, ClashError when it is another one.

        `foreground`: what was made of it goes first. `orphan`: what was made of it stays.
        """
        ...

    def close(self) -> None:
        """End waiting requests and close the connections."""
        ...
