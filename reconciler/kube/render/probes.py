"""PURE. A recipe's health probe → the three probes of its container, as far as the kubelet can ask them.

The kubelet knows no text, no header, no codes but 200 to 399, and no first request but a plain GET. A first request
that it cannot make is made by a program of the image, which ends the start. Of the rest, what it cannot ask it does not
ask: a code beyond those would have it restart what is well, and a program every few seconds costs too much.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta

from reconciler.desired.arguments import expand
from reconciler.desired.probing import first_request_of
from reconciler.kube.kinds import Object
from reconciler.kube.render import first_request, words
from reconciler.models.recipe import FirstRequest, HealthProbe, HttpProbe
from reconciler.models.wanted import ResolvedService

#: Seconds between two questions while it starts: what is done within seconds should be told within seconds.
_OFTEN = 2
#: Seconds that a program has to end by itself and to say why, before the kubelet ends it.
_ENDS = 5


def probes(service: ResolvedService) -> Object:
    """The container's fields for its probes. None restarts it while it starts, or where the recipe wants no restart."""
    health = service.recipe.spec.health
    made = {
        "startupProbe": _start(health, service),
        "readinessProbe": {**_question(health, service), **_times(health, health.failures), **_successes(health)},
    }
    if health.restart_after is not None:
        patience = health.failures + math.ceil(health.restart_after / health.interval)
        made["livenessProbe"] = {**_question(health, service), **_times(health, patience)}
    return made


def _start(health: HealthProbe, service: ResolvedService) -> Object:
    """The first request where it can be made; it may take as long as the recipe says."""
    first = first_request_of(service)
    scheme = health.http.scheme if health.http else "http"
    if first is not None and not first.plain and first.tool:
        return _made_inside(health, service, first, scheme)
    period = min(_seconds(health.interval), _OFTEN)
    often = {"periodSeconds": period, "failureThreshold": _rounds(health, period)}
    if first is None or not first.plain:
        return {**_question(health, service), **_times(health, 1), **often}
    get = _get(service, first.port, first.path, scheme)
    return {**get, **often, "timeoutSeconds": first_request.seconds(first)}


def _made_inside(health: HealthProbe, service: ResolvedService, first: FirstRequest, scheme: str) -> Object:
    """A program that asks again and again, for as long as one request may take; after that the next round begins."""
    longest = first_request.seconds(first)
    port = service.recipe.spec.ports[first.port].container
    return {
        "exec": {"command": first_request.command(first, port, scheme)},
        # Longer ones would be waited for before the first round too: it is tried in vain while the container is made.
        "periodSeconds": 1,
        "timeoutSeconds": longest + _ENDS,
        "failureThreshold": _rounds(health, longest),
    }


def _rounds(health: HealthProbe, seconds: int) -> int:
    """So many of so many seconds each take as long as a start may."""
    return math.ceil(health.startup.total_seconds() / seconds)


def _question(health: HealthProbe, service: ResolvedService) -> Object:
    ports = service.recipe.spec.ports
    if health.http:
        return _http(health.http, service)
    if health.tcp:
        return {"tcpSocket": {"port": ports[health.tcp.port].container}}
    if health.grpc:
        named = {"service": health.grpc.service} if health.grpc.service else {}
        return {"grpc": {"port": ports[health.grpc.port].container, **named}}
    command = health.exec.command if health.exec else ()
    return {"exec": {"command": [words.fill(parts, service) for parts in expand(command, service)]}}


def _http(probe: HttpProbe, service: ResolvedService) -> Object:
    if not _is_usual(probe.status):
        return {"tcpSocket": {"port": service.recipe.spec.ports[probe.port].container}}
    return _get(service, probe.port, probe.path, probe.scheme)


def _get(service: ResolvedService, port: str, path: str, scheme: str) -> Object:
    secure = {"scheme": "HTTPS"} if scheme == "https" else {}
    return {"httpGet": {"port": service.recipe.spec.ports[port].container, "path": path, **secure}}


def _is_usual(status: Sequence[int]) -> bool:
    """Whether what the kubelet takes for well is all that is well."""
    return all(200 <= code < 400 for code in status)


def _times(health: HealthProbe, failures: int) -> Object:
    return {
        "periodSeconds": _seconds(health.interval),
        "timeoutSeconds": _seconds(health.timeout),
        "failureThreshold": failures,
    }


def _successes(health: HealthProbe) -> Object:
    """Only readiness may ask for more than one."""
    return {"successThreshold": health.successes} if health.successes > 1 else {}


def _seconds(value: timedelta) -> int:
    """Kubernetes counts in whole seconds, at least one."""
    return max(1, math.ceil(value.total_seconds()))
