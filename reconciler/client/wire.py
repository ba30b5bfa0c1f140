"""Requests and their answers: what is repeated, how long, and which error it comes to."""

from __future__ import annotations

import ssl
import time
from collections.abc import Hashable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any, TypeVar, cast

import httpx
from pydantic import TypeAdapter, ValidationError

from reconciler.client.door import Door
from reconciler.client.errors import ApiError, NoAnswerError, not_ours, problem_of
from reconciler.errors import Next

T = TypeVar("T")
Params = Mapping[str, Any]
_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 5.0
_OPENING = (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError)


@cache
def _adapter(shape: Any) -> TypeAdapter[Any]:
    """What reads a shape (a model, or a list of one); made once."""
    return TypeAdapter(shape)


def pauses() -> Iterator[float]:
    """Seconds between tries, each twice the one before."""
    pause = _FIRST_PAUSE
    while True:
        yield pause
        pause = min(2 * pause, _LONGEST_PAUSE)


class Wire:
    """Sends requests through a door. `patience`: seconds for which what may be repeated is tried again."""

    def __init__(self, door: Door, patience: float) -> None:
        self.door = door
        self.patience = patience

    def read(self, shape: type[T], path: str, params: Params | None = None) -> T:
        """What a page says. Raises ApiError or NoAnswerError."""
        return self.parse(shape, self.send("GET", path, params=params))

    def event(self, shape: type[T], data: str) -> T:
        """The data of an event of a stream. Raises NoAnswerError when it is something else."""
        try:
            found: T = _adapter(cast("Hashable", shape)).validate_json(data)
        except ValidationError as error:
            raise self.strange() from error
        return found

    def strange(self) -> NoAnswerError:
        """The error for an event that cannot be read."""
        return NoAnswerError(f"{self.door.name}: an event that is none of a Reconciler daemon of today")

    def parse(self, shape: type[T], answer: httpx.Response) -> T:
        """An answer as what it is. Raises ApiError when it is something else."""
        try:
            found: T = _adapter(cast("Hashable", shape)).validate_json(answer.content)
        except ValidationError as error:
            raise not_ours(answer, self.door.name) from error
        return found

    def send(self, method: str, path: str, *, key: str = "", **parts: Any) -> httpx.Response:
        """A request to its good answer.

        With a `key` it is made once however often it is sent, and sent again while the daemon or its repository is
        away; reading is repeated where a connection broke. Raises ApiError or NoAnswerError; they have the key where
        one of the tries may have made the change.
        """
        until, unsure = time.monotonic() + self.patience, False
        if key:
            parts["headers"] = {**parts.get("headers", {}), "Idempotency-Key": key}
        for usual in pauses():
            try:
                return self._once(method, path, key, parts)
            except (ApiError, NoAnswerError) as error:
                unsure = unsure or error.next is Next.WAIT
                pause = _pause_after(error, usual, writes=bool(key))
                if pause is None or time.monotonic() + pause > until:
                    error.key = key if unsure else ""
                    raise
            time.sleep(pause)
        raise AssertionError("there is always a next pause")

    def _once(self, method: str, path: str, key: str, parts: Mapping[str, Any]) -> httpx.Response:
        try:
            answer = self.door.http.request(method, path, **parts)
        except httpx.HTTPError as error:
            raise self.no_answer(error, key) from error
        if not answer.is_success:
            raise problem_of(answer)
        return answer

    def answers(self, path: str) -> bool:
        """Whether a page is there at all; nothing is tried again."""
        try:
            return self.door.http.get(path).is_success
        except httpx.HTTPError:
            return False

    @contextmanager
    def stream(self, method: str, path: str, accept: str, **parts: Any) -> Iterator[httpx.Response]:
        """A good answer that comes bit by bit. Raises ApiError or NoAnswerError, also while it is read."""
        headers = {**parts.pop("headers", {}), "Accept": accept}
        try:
            with self.door.http.stream(method, path, headers=headers, **parts) as answer:
                if not answer.is_success:
                    answer.read()
                    raise problem_of(answer)
                if answer.headers.get("content-type", "").partition(";")[0] != accept:
                    raise not_ours(answer, self.door.name)
                yield answer
        except httpx.HTTPError as error:
            raise self.no_answer(error, headers.get("Idempotency-Key", "")) from error

    def no_answer(self, error: httpx.HTTPError, key: str = "") -> NoAnswerError:
        """The error in words. `key`: of a change that was asked for."""
        opening = isinstance(error, _OPENING)
        reason = _reason(error)
        if "CERTIFICATE_VERIFY_FAILED" in reason:
            advice = "name its authority's certificate with ca_file, --ca-file or RECONCILER_CA_FILE"
        elif opening:
            advice = "is the daemon running, and is this its address?"
        elif key:
            advice = f"the change may have been made; ask again with the key {key}: it is made once"
        else:
            advice = "try again"
        return NoAnswerError(f"{self.door.name}: no answer: {reason}; {advice}", "" if opening else key)


def _reason(error: httpx.HTTPError) -> str:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return f"{cause.reason or 'TLS'}: {getattr(cause, 'verify_message', '') or cause.strerror or cause}"
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
        cause = cause.__cause__ or cause.__context__
    return str(error) or type(error).__name__


def _pause_after(error: ApiError | NoAnswerError, usual: float, *, writes: bool) -> float | None:
    """Seconds until the same request may be sent again; None: it may not."""
    match error:
        case ApiError():
            again = error.passes if writes else error.status == 429
            return max(usual, error.retry_after or 0.0) if again else None
        case NoAnswerError():
            broke = not isinstance(error.__cause__, _OPENING) and not isinstance(
                error.__cause__, httpx.TimeoutException
            )
            return usual if writes or broke else None
