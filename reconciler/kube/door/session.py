"""Requests sent and answered: the connection with its credentials, renewed when they change; patience; errors.

Every request has a time-out; answers that ask for patience (429, 503, …) are tried again within it. Bodies are never
logged. Credentials that are refused are read again once, at once: a token that was rotated costs nobody an error.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlencode

import urllib3
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, SSLError

from reconciler.errors import LookError, TargetError, UncertainError, UnreachableError
from reconciler.kube.door.clock import utc_now
from reconciler.kube.door.connection import Connection, connect
from reconciler.kube.door.failures import Answer, translate
from reconciler.kube.door.requests import Request, retry_after
from reconciler.kube.door.stream import Stream
from reconciler.settings import KubernetesTarget

_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 5.0
#: So many seconds may pass until a change of the kubeconfig or of a token file is noticed.
_LOOK_AGAIN = 0.5
#: Credentials that are refused again within so many seconds are not read anew: the plugin that gives them may be slow.
_NOT_AGAIN = 5.0
_NEVER_SENT = (NewConnectionError, ConnectTimeoutError, SSLError)
#: What API priority and fairness made of a request (https://kubernetes.io/docs/concepts/cluster-administration/flow-control/).
_PRIORITY = ("X-Kubernetes-PF-FlowSchema-UID", "X-Kubernetes-PF-PriorityLevel-UID")

_log = logging.getLogger("reconciler.kube")


class Session:
    """A way to the API server of one target, for many threads. `calls` counts the requests sent, without probes.

    `barred` is asked before a request is sent, also again: "" or why it must not be.
    """

    def __init__(self, target: KubernetesTarget, connections: int, barred: Callable[[Request], str]) -> None:
        self.calls = 0
        self._target = target
        self._barred = barred
        self._timeout = target.timeout.total_seconds()
        self._connections = connections
        self._connection: Connection | None = None
        self._look_again = 0.0
        self._renewed = -_NOT_AGAIN
        self._streams: set[Stream] = set()
        self._lock = threading.Lock()
        self._closing = threading.Event()

    def send(self, request: Request) -> bytes:
        """The body of a good answer. Raises TargetError: see `failures.translate`."""
        if why := self._barred(request):
            raise UnreachableError(f"{request.what}: not sent: {why}")
        response = self._patient(request, urllib3.Timeout(total=self._timeout), _may_pass, preload=True)
        if response.status >= 300:
            raise translate(request.what, Answer(response.status, response.data), write=request.write)
        return response.data

    @contextmanager
    def stream(self, request: Request, silence: float) -> Iterator[Stream]:
        """The open answer of a watch; it breaks when nothing arrives for `silence` seconds. Raises TargetError."""
        host = self._connected().host  # before it is opened: a server that changes in between is rather left too often
        timeout = urllib3.Timeout(connect=self._timeout, read=silence)
        response = self._patient(request, timeout, _is_busy, preload=False)
        try:
            if response.status != 200:
                raise translate(request.what, Answer(response.status, response.read()), write=False)
            stream = Stream(response, request.what, host)
            with self._lock:
                self._streams.add(stream)
            try:
                yield stream
            finally:
                with self._lock:
                    self._streams.discard(stream)
        except HTTPError as error:
            raise _unanswered(request, error) from error
        finally:
            response.close()
            response.release_conn()

    def probe(self, request: Request, seconds: float) -> Answer:
        """Any answer, within some seconds. Raises LookError when there is none."""
        response = self._open(request, urllib3.Timeout(total=min(seconds, self._timeout)), preload=True)
        return Answer(response.status, response.data)

    def close(self) -> None:
        """End waiting requests and close the connections."""
        self._closing.set()
        with self._lock:
            connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _patient(
        self,
        request: Request,
        timeout: urllib3.Timeout,
        again: Callable[[urllib3.BaseHTTPResponse], bool],
        *,
        preload: bool,
    ) -> urllib3.BaseHTTPResponse:
        """The first answer after which it need not be asked `again`, or the last one in time."""
        deadline = time.monotonic() + self._timeout
        pause = _FIRST_PAUSE
        while True:
            response = self._open(request, timeout, preload=preload)
            if not again(response):
                return response
            wait = retry_after(response.headers.get("Retry-After", ""), utc_now()) or pause
            _log.debug("%s: HTTP status %d, %s", request.what, response.status, _priority(response))
            late = time.monotonic() + wait > deadline
            if late or self._closing.wait(wait) or self._barred(request):
                return response
            response.close()
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _open(self, request: Request, timeout: urllib3.Timeout, *, preload: bool) -> urllib3.BaseHTTPResponse:
        try:
            connection = self._connected()
            response = self._ask(connection, request, timeout, preload=preload)
            if response.status == 401 and self._renew(connection):
                response.close()
                response = self._ask(self._connected(), request, timeout, preload=preload)
        except HTTPError as error:
            raise _unanswered(request, error) from error
        except LookError as error:
            raise UnreachableError(f"{request.what}: {error}") if request.write else error from error
        return response

    def _ask(
        self, connection: Connection, request: Request, timeout: urllib3.Timeout, *, preload: bool
    ) -> urllib3.BaseHTTPResponse:
        headers = {"Accept": request.accept, "Content-Type": request.content, **request.extra, **connection.headers()}
        with self._lock:
            self.calls += request.counted
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

    def _connected(self) -> Connection:
        """The connection, made anew when what it was made from has changed. Raises LookError when it cannot be made."""
        known = self._connection
        if known is not None and time.monotonic() < self._look_again:
            return known
        with self._lock:
            # Before the files are looked at: the other threads need not wait for that.
            self._look_again = time.monotonic() + _LOOK_AGAIN
            old = self._connection
            if old is not None and not old.outdated():
                return old
            self._connection = new = connect(self._target, self._connections)
            self._leave(old, new)
            return new

    def _leave(self, old: Connection | None, new: Connection) -> None:
        """End the streams from another server: what they tell is not about the cluster that is meant now."""
        if old is not None:
            old.close()
        for stream in self._streams:
            if stream.host != new.host:
                stream.cut(f"the kubeconfig names another server now: {new.host}")

    def _renew(self, refused: Connection) -> bool:
        """Forget credentials that were refused; whether it is worth asking again."""
        with self._lock:
            if self._connection is refused:
                if time.monotonic() - self._renewed < _NOT_AGAIN and not refused.outdated():
                    return False
                self._renewed = time.monotonic()
                self._connection = None
                refused.close()
            return True


def _may_pass(response: urllib3.BaseHTTPResponse) -> bool:
    return response.status >= 300 and Answer(response.status, response.data).may_pass()


def _is_busy(response: urllib3.BaseHTTPResponse) -> bool:
    """Whether a watch may be asked for again; any other error may mean that it is not the same server any more."""
    return response.status == 429


def _unanswered(request: Request, error: HTTPError) -> TargetError:
    text = f"{request.what}: no answer: {_plain(error)}"
    if not request.write:
        return LookError(text)
    return UnreachableError(text) if isinstance(error, _NEVER_SENT) else UncertainError(text)


def _plain(error: HTTPError) -> str:
    """The library's message without the addresses of its own objects."""
    return str(error).rpartition(">: ")[2] or type(error).__name__


def _priority(response: urllib3.BaseHTTPResponse) -> str:
    return " ".join(f"{name}={response.headers.get(name, '')}" for name in _PRIORITY)
