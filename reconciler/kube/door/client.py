"""One door to one API server: raw JSON through the official client's connection pool.

Objects stay plain dictionaries: the client's models cost five times the memory and three times the time.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

from reconciler.errors import LookError, RefusedError, TargetError, UncertainError
from reconciler.kube import marks
from reconciler.kube.door.api import Listing
from reconciler.kube.door.failures import AbsentError, Answer, ExpiredError, UnservedError
from reconciler.kube.door.requests import METADATA, Request, is_listing, selectors
from reconciler.kube.door.session import Session
from reconciler.kube.door.stream import Stream
from reconciler.kube.kinds import Kind, Object, full_name, kind_of
from reconciler.settings import KubernetesTarget

#: Objects in one answer: a page of Deployments is some five megabytes of dictionaries.
_PAGE = 250
#: How long a watch lasts before it is opened anew.
_STREAM_SECONDS = 300
#: A stream that brings nothing for so long is opened anew, from where it was: it may hang. Bookmarks come about once a
#: minute, but none at all while no object of the kind changes anywhere in the cluster.
_SILENCE = 100.0
_PING_SECONDS = 10.0


class Client:
    """Requests to the API server of one target (see `Api`). `calls` counts the requests sent.

    `may_not` is asked before every write: "" or why it must not be made (the lease is lost). With `writes` they are
    made as the account that the target names for it.
    """

    def __init__(
        self,
        target: KubernetesTarget,
        connections: int,
        *,
        may_not: Callable[[], str] = lambda: "",
        writes: bool = False,
        page: int = _PAGE,
    ) -> None:
        self._may_not = may_not
        self._speaker = _impersonation(target) if writes else {}
        self._session = Session(target, connections, self._barred)
        self._page = page
        self._kinds: dict[str, Kind] = {}

    @property
    def calls(self) -> int:
        """Requests sent so far, without pings."""
        return self._session.calls

    def list(self, kind: Kind, namespace: str, selector: str, *, metadata: bool = False, fields: str = "") -> Listing:
        """See `Api.list`; page by page, and once more from the first page when it took too long."""
        what, accept = f"list {kind.name}s in {namespace}", METADATA if metadata else "application/json"
        request = Request("GET", kind.path(namespace), what, selectors(selector, fields), accept=accept)
        try:
            return _joined(self._pages(request))
        except ExpiredError:
            return _joined(self._pages(request))

    def pages(self, kind: Kind, namespace: str, selector: str, *, fields: str = "") -> Iterator[Listing]:
        """See `Api.pages`."""
        what = f"list {kind.name}s in {namespace}"
        return self._pages(Request("GET", kind.path(namespace), what, selectors(selector, fields)))

    def _pages(self, request: Request) -> Iterator[Listing]:
        query: dict[str, str | int] = {**request.query, "limit": self._page}
        while True:
            page = self.send(replace(request, query=query))
            if not is_listing(page):
                raise _no_object(request)
            yield Listing(page.get("items") or [], page["metadata"].get("resourceVersion", ""))
            following = page["metadata"].get("continue")
            if not following:
                return
            query = {**query, "continue": following}

    def ping(self, kind: Kind, namespace: str) -> str:
        """See `Api.ping`."""
        path, query = kind.path(namespace), {"limit": 1}
        what = "ask whether the API server answers"
        request = Request("GET", path, what, query, accept=METADATA, counted=False)
        answer = self._session.probe(request, _PING_SECONDS)
        if answer.status >= 500:
            raise LookError(f"HTTP status {answer.status}")
        page = _object(request, answer.body) if answer.status == 200 else {}
        return str(page["metadata"].get("resourceVersion", "")) if is_listing(page) else ""

    def kind(self, full: str) -> Kind:
        """See `Api.kind`."""
        api_version, _, name = full.rpartition("/")
        try:
            return kind_of({"apiVersion": api_version, "kind": name}, self._kinds)
        except KeyError:
            found = self._kinds[full] = self._discover(api_version, name)
            return found

    def _discover(self, api_version: str, name: str) -> Kind:
        what = f"look for {api_version}/{name}"
        path = f"/{'apis' if '/' in api_version else 'api'}/{api_version}"
        resources = self.send(Request("GET", path, what, {})).get("resources") or []
        # Subresources have the kind of what they belong to, and a slash in their name.
        found = next((one for one in resources if one["kind"] == name and "/" not in one["name"]), None)
        if found is None:
            raise UnservedError(f"{what}: the server has {api_version}, but no such kind in it")
        if not found["namespaced"]:
            raise RefusedError(f"{what}: it lives in no namespace; only kinds that live in one can be used")
        return Kind(name, api_version, found["name"])

    def get(self, kind: Kind, namespace: str, name: str) -> Object | None:
        """See `Api.get`."""
        try:
            return self.send(Request("GET", kind.path(namespace, name), f"get {kind.name} {namespace}/{name}", {}))
        except AbsentError:
            return None

    def apply(self, item: Object, *, manager: str = "", dry_run: bool = False) -> Object:
        """See `Api.apply`."""
        metadata = item["metadata"]
        namespace, name = metadata.get("namespace", ""), metadata["name"]
        path = self.kind(full_name(item)).path(namespace, name)
        what = f"apply {item['kind']} {namespace}/{name}".replace(" /", " ")
        query: dict[str, str | int] = {"fieldManager": manager or marks.MANAGER, "force": "true"}
        if dry_run:
            query["dryRun"] = "All"
        return self.send(Request("PATCH", path, what, query, item, content="application/apply-patch+yaml"))

    def create(self, item: Object) -> Object:
        """See `Api.create`."""
        path = self.kind(full_name(item)).path(item["metadata"].get("namespace", ""))
        what = f"create {item['kind']} {item['metadata']['name']}"
        return self.send(Request("POST", path, what, {"fieldManager": marks.MANAGER}, item))

    def replace(self, item: Object) -> Object:
        """See `Api.replace`."""
        metadata = item["metadata"]
        path = self.kind(full_name(item)).path(metadata.get("namespace", ""), metadata["name"])
        what = f"replace {item['kind']} {metadata['name']}"
        return self.send(Request("PUT", path, what, {"fieldManager": marks.MANAGER}, item))

    def patch(self, kind: Kind, namespace: str, name: str, operations: Sequence[Object]) -> Object:
        """See `Api.patch`."""
        what, query = f"patch {kind.name} {namespace}/{name}", {"fieldManager": marks.MANAGER}
        path = kind.path(namespace, name)
        return self.send(Request("PATCH", path, what, query, operations, content="application/json-patch+json"))

    def delete(
        self, kind: Kind, namespace: str, name: str, uid: str, *, foreground: bool, orphan: bool = False
    ) -> None:
        """See `Api.delete`."""
        policy = "Orphan" if orphan else "Foreground" if foreground else "Background"
        body = {"propagationPolicy": policy, "preconditions": {"uid": uid}}
        self.send(Request("DELETE", kind.path(namespace, name), f"delete {kind.name} {namespace}/{name}", {}, body))

    def delete_all(self, kind: Kind, namespace: str, selector: str, *, fields: str) -> None:
        """Delete all objects of a kind that match a label and a field selector, in one request."""
        what, query = f"delete {kind.name}s in {namespace}", selectors(selector, fields)
        self.send(Request("DELETE", kind.path(namespace), what, query, {"propagationPolicy": "Background"}))

    @contextmanager
    def watch(
        self,
        kind: Kind,
        namespace: str,
        selector: str,
        version: str,
        *,
        fields: str = "",
        silence: float = _SILENCE,
    ) -> Iterator[Stream]:
        """See `Api.watch`; the stream breaks when nothing arrives for `silence` seconds."""
        query: dict[str, str | int] = {
            "watch": "true",
            **selectors(selector, fields),
            "resourceVersion": version,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": _STREAM_SECONDS,
        }
        request = Request("GET", kind.path(namespace), f"watch {kind.name}s in {namespace}", query)
        with self._session.stream(request, silence) as stream:
            yield stream

    def peek(self, path: str, what: str, query: Mapping[str, str | int], seconds: float) -> Answer:
        """Any answer to a reading, as it came, within some seconds; it is not asked for again.

        Raises LookError when there is none.
        """
        return self._session.probe(Request("GET", path, what, query, accept="*/*"), seconds)

    def send(self, request: Request) -> Object:
        """Send a request, again when the server asks for patience, and return the object it answers with.

        Raises TargetError: see `failures.translate`.
        """
        request = replace(request, extra=self._speaker) if request.write else request
        return _object(request, self._session.send(request))

    def close(self) -> None:
        """See `Api.close`."""
        self._session.close()

    def _barred(self, request: Request) -> str:
        """Why this request must not be sent (again) now; "" when it may."""
        return self._may_not() if request.write else ""


def _impersonation(target: KubernetesTarget) -> dict[str, str]:
    """The header that makes the API server check the rights of another account, whose groups it adds by itself."""
    if target.impersonate is None:
        return {}
    return {"Impersonate-User": f"system:serviceaccount:{target.impersonate.replace('/', ':')}"}


def _joined(pages: Iterator[Listing]) -> Listing:
    parts = list(pages)
    return Listing([item for part in parts for item in part.items], parts[-1].version)


def _object(request: Request, body: bytes) -> Object:
    try:
        answer: Object = json.loads(body)
    except ValueError as error:
        raise _no_object(request) from error
    return answer


def _no_object(request: Request) -> TargetError:
    text = f"{request.what}: the answer is not JSON; is there a proxy in between?"
    return UncertainError(text) if request.write else LookError(text)
