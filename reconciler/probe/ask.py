"""What a recipe's probe asks, and whether the answer is good."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

from reconciler.models.probe import Probing
from reconciler.models.recipe import FirstRequest, HttpProbe
from reconciler.models.units import format_duration
from reconciler.probe.failures import NoAnswerError
from reconciler.probe.http import BODY, Answer, Request, exchange
from reconciler.probe.names import Names
from reconciler.probe.wire import Call, opened


async def ask(names: Names, probing: Probing) -> None:
    """Ask one instance once, within its time-out. Raises NoAnswerError (it is not well) and ShortageError."""
    probe = probing.probe
    if probe.http:
        async with _call(names, probing, probe.http.port, probe.timeout) as call:
            await _http(call, probe.http)
    elif probe.grpc:
        from reconciler.probe.grpc import check  # noqa: PLC0415 - h2 is loaded only where something speaks gRPC

        async with _call(names, probing, probe.grpc.port, probe.timeout) as call:
            await check(call, probe.grpc.service)
    elif probe.tcp:
        async with _call(names, probing, probe.tcp.port, probe.timeout) as call, opened(call):
            pass


async def ask_first(names: Names, probing: Probing, first: FirstRequest) -> None:
    """Make the first real request, within its own time-out. Raises as `ask` does."""
    scheme = probing.probe.http.scheme if probing.probe.http else "http"
    request = Request(first.method, first.path, scheme, first.body.encode(), first.content_type)
    async with _call(names, probing, first.port, first.timeout) as call:
        answer = await exchange(call, request)
    asked = f"first request {first.method} {first.path}"
    _check_status(asked, answer.status, first.status, 299)
    _check_text(asked, answer, first.contains)


@asynccontextmanager
async def _call(names: Names, probing: Probing, port: str, timeout: timedelta) -> AsyncIterator[Call]:
    """All that is done inside ends in time."""
    endpoint = probing.endpoints.get(port)
    if not endpoint:
        raise NoAnswerError(f"where its port {port} is reached is not known")
    seconds = timeout.total_seconds()
    call = Call(names, endpoint, asyncio.get_running_loop().time() + seconds)
    try:
        async with asyncio.timeout_at(call.until):
            yield call
    except TimeoutError:
        raise NoAnswerError(f"{call.doing} {endpoint}: no answer within {format_duration(timeout)}") from None


async def _http(call: Call, probe: HttpProbe) -> None:
    answer = await exchange(call, Request("GET", probe.path, probe.scheme))
    asked = f"GET {probe.path}"
    _check_status(asked, answer.status, probe.status, 399)
    _check_text(asked, answer, probe.contains)
    for name, value in probe.headers.items():
        found = [given for key, given in answer.headers if key == name.lower().encode()]
        if value.strip().encode() not in found:
            raise NoAnswerError(f"{asked}: its header {name} is {'another' if found else 'missing'}, expected {value}")


def _check_status(asked: str, status: int, expected: Sequence[int], highest: int) -> None:
    if status in expected or (not expected and 200 <= status <= highest):
        return
    words = " or ".join(map(str, expected)) or f"200 to {highest}"
    raise NoAnswerError(f"{asked}: {status}, expected {words}")


def _check_text(asked: str, answer: Answer, text: str | None) -> None:
    if text is not None and text.encode() not in answer.body:
        raise NoAnswerError(f"{asked}: the first {BODY // 1024} KiB of its answer lack {text!r}")
