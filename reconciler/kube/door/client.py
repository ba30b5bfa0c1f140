"""One door to one API server: raw JSON through the official client's connection pool.

Objects stay plain dictionaries: the client's models cost five times the memory and three times the time. Every request
has a time-out; answers that ask for patience (429, 503, …) are tried again within it. Bodies are never logged.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from urllib.parse import urlencode

import urllib3
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, SSLError

from reconciler.errors import LookError, TargetError, UncertainError, UnreachableError
from reconciler.kube import marks
from reconciler.kube.door.api import Listing
from reconciler.kube.door.connection import Connection, connect
from reconciler.kube.door.failures import AGAIN, AbsentError, Answer, ExpiredError, translate
from reconciler.kube.kinds import Kind, Object, kind_of
from reconciler.settings import KubernetesTarget

_PAGE = 500
_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 5.0
#: How long a watch lasts before it is opened anew. A quiet kind may send nothing at all, not even a bookmark, so that
#: only this tells a server that hangs; one that is gone is noticed at once, and its machine by TCP's keep-alive.
_STREAM_SECONDS = 300
_SILENCE = _STREAM_SECONDS + 10.0
_METADATA = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
_NEVER_SENT = (NewConnectionError, ConnectTimeoutError, SSLError)


@dataclass(frozen=True, slots=True)
class Request:
    """One request; `what` names it in errors. A write may have happened when it gets no answer."""

    method: str
    path: str
    what: str
    query: Mapping[str, str | int]
    body: object = None
    content: str = "application/json"
    accept: str = "application/json"

    @property
    def write(self) -> bool:
        """Whether it changes something."""
        return self.method != "GET"


class Client:
    """Requests to the API server of one target (see `Api`). `calls` counts the requests sent.

    `may_not` is asked before every write: "" or why it must not be made (the lease is lost). With `writes` it speaks as
    the account that the target names for writing.
    """

    def __init__(
        self,
        target: KubernetesTarget,
        connections: int,
        *,
        may_not: Callable[[], str] = lambda: "",
        writes: bool = False,
    ) -> None:
        self._target = target
        self._may_not = may_not
        self._extra = _impersonation(target) if writes else {}
        self._timeout = target.timeout.total_seconds()
        self._connections = connections
        self._connection: Connection | None = None
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self.calls = 0

    def list(self, kind: Kind, namespace: str, selector: str, *, metadata: bool = False, fields: str = "") -> Listing:
        """See `Api.list`; page by page."""
        items: list[Object] = []
        query: dict[str, str | int] = {**_selectors(selector, fields), "limit": _PAGE}
        accept = _METADATA if metadata else "application/json"
        while True:
            what = f"list {kind.name}s in {namespace}"
            page = self.send(Request("GET", kind.path(namespace), what, query, accept=accept))
            items += page.get("items") or []
            following = page["metadata"].get("continue")
            if not following:
                return Listing(items, page["metadata"].get("resourceVersion", ""))
            query = {**query, "continue": following}

    def get(self, kind: Kind, namespace: str, name: str) -> Object | None:
        """See `Api.get`."""
        try:
            return self.send(Request("GET", kind.path(namespace, name), f"get {kind.name} {namespace}/{name}", {}))
        except AbsentError:
            return None

    def apply(self, item: Object, *, manager: str = "", dry_run: bool = False) -> Object:
        """See `Api.apply`."""
        metadata = item["metadata"]
        path = kind_of(item).path(metadata["namespace"], metadata["name"])
        what = f"apply {item['kind']} {metadata['namespace']}/{metadata['name']}"
        query: dict[str, str | int] = {"fieldManager": manager or marks.MANAGER, "force": "true"}
        if dry_run:
            query["dryRun"] = "All"
        return self.send(Request("PATCH", path, what, query, item, content="application/apply-patch+yaml"))

    def create(self, item: Object) -> Object:
        """See `Api.create`."""
        namespace, what = item["metadata"]["namespace"], f"create {item['kind']} {item['metadata']['name']}"
        return self.send(Request("POST", kind_of(item).path(namespace), what, {"fieldManager": marks.MANAGER}, item))

    def replace(self, item: Object) -> Object:
        """See `Api.replace`."""
        metadata = item["metadata"]
        path = kind_of(item).path(metadata["namespace"], metadata["name"])
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

    @contextmanager
    def watch(self, kind: Kind, namespace: str, selector: str, version: str, *, fields: str = "") -> Iterator[Stream]:
        """See `Api.watch`."""
        query: dict[str, str | int] = {
            "watch": "true",
            **_selectors(selector, fields),
            "resourceVersion": version,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": _STREAM_SECONDS,
        }
        request = Request("GET", kind.path(namespace), f"watch {kind.name}s in {namespace}", query)
        timeout = urllib3.Timeout(connect=self._timeout, read=_SILENCE)
        response = self._open(request, timeout, preload=False)
        try:
            if response.status != 200:
                raise translate(request.what, Answer(response.status, response.read()), write=False)
            yield Stream(response, request.what)
        finally:
            response.close()
            response.release_conn()

    def send(self, request: Request) -> Object:
        """Send a request, again when the server asks for patience, and return the object it answers with.

        Raises TargetError: see `failures.translate`.
        """
        if request.write and (why := self._may_not()):
            raise UnreachableError(f"{request.what}: not sent: {why}")
        return _object(request, self._answer(request))

    def _answer(self, request: Request) -> bytes:
        deadline = time.monotonic() + self._timeout
        pause = _FIRST_PAUSE
        while True:
            response = self._open(request, urllib3.Timeout(total=self._timeout), preload=True)
            if response.status < 300:
                return response.data
            wait = _retry_after(response) or pause
            if response.status not in AGAIN or time.monotonic() + wait > deadline or self._closing.wait(wait):
                if response.status == 401:
                    self._disconnect()
                raise translate(request.what, Answer(response.status, response.data), write=request.write)
            pause = min(pause * 2, _LONGEST_PAUSE)

    def close(self) -> None:
        """End waiting requests and close the connections."""
        self._closing.set()
        self._disconnect()

    def _open(self, request: Request, timeout: urllib3.Timeout, *, preload: bool) -> urllib3.BaseHTTPResponse:
        try:
            connection = self._connected()
            headers = {"Accept": request.accept, "Content-Type": request.content, **self._extra, **connection.headers()}
            return connection.pool.request(
                request.method,
                f"{connection.host}{request.path}?{urlencode(request.query)}",
                headers=headers,
                body=None if request.body is None else json.dumps(request.body).encode(),
                timeout=timeout,
                retries=False,
                redirect=False,
                preload_content=preload,
            )
        except HTTPError as error:
            raise _unanswered(request, error) from error
        except LookError as error:
            raise UnreachableError(f"{request.what}: {error}") if request.write else error from error

    def _connected(self) -> Connection:
        with self._lock:
            if self._connection is None:
                self._connection = connect(self._target, self._connections)
            self.calls += 1
            return self._connection

    def _disconnect(self) -> None:
        with self._lock:
            connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


class Stream:
    """The open answer of a watch. `events` is read by one thread; `stop` may be called by another."""

    def __init__(self, response: urllib3.BaseHTTPResponse, what: str) -> None:
        self._response = response
        self._what = what

    def events(self) -> Iterator[tuple[str, Object]]:
        """Type and object of each change until the server ends the stream. Raises LookError when it breaks."""
        rest = b""
        try:
            for chunk in self._response.stream(None, decode_content=True):
                *lines, rest = (rest + chunk).split(b"\n")
                yield from (self._event(line) for line in lines if line)
        except (HTTPError, OSError, ValueError) as error:
            raise LookError(f"{self._what}: the stream broke: {type(error).__name__}") from error

    def stop(self) -> None:
        """Make `events` end now."""
        # Closing would wait for the reader; shutting the socket down wakes it.
        with suppress(ValueError, RuntimeError, OSError):  # it ended by itself in this moment
            self._response.shutdown()

    def _event(self, line: bytes) -> tuple[str, Object]:
        event = json.loads(line)
        kind, item = event["type"], event["object"]
        if kind == "ERROR":
            gone = item.get("code") == 410
            raise (ExpiredError if gone else LookError)(f"{self._what}: {item.get('message', '')}")
        return kind, item


def _selectors(labels: str, fields: str) -> dict[str, str]:
    return {key: value for key, value in (("labelSelector", labels), ("fieldSelector", fields)) if value}


def _impersonation(target: KubernetesTarget) -> dict[str, str]:
    """The header that makes the API server check the rights of another account (user impersonation)."""
    if target.impersonate is None:
        return {}
    return {"Impersonate-User": f"system:serviceaccount:{target.impersonate.replace('/', ':')}"}


def _unanswered(request: Request, error: HTTPError) -> TargetError:
    text = f"{request.what}: no answer: {_plain(error)}"
    if not request.write:
        return LookError(text)
    return UnreachableError(text) if isinstance(error, _NEVER_SENT) else UncertainError(text)


def _object(request: Request, body: bytes) -> Object:
    try:
        answer: Object = json.loads(body)
    except ValueError as error:
        raise _no_object(request) from error
    return answer


def _no_object(request: Request) -> TargetError:
    text = f"{request.what}: the answer is not JSON; is there a proxy in between?"
    return UncertainError(text) if request.write else LookError(text)


def _plain(error: HTTPError) -> str:
    """The library's message without the addresses of its own objects."""
    return str(error).rpartition(">: ")[2] or type(error).__name__


def _retry_after(response: urllib3.BaseHTTPResponse) -> float:
    text = response.headers.get("Retry-After", "")
    return min(float(text), 60.0) if text.isascii() and text.isdigit() else 0.0
