"""PURE. A recipe's health probe → the three probes of its container."""

from __future__ import annotations

import math
from datetime import timedelta

from reconciler.desired.arguments import expand
from reconciler.kube.kinds import Object
from reconciler.kube.render import words
from reconciler.models.recipe import HealthProbe
from reconciler.models.wanted import ResolvedService

#: A pod that is not ready gets no requests; only one that stays so for this many times longer is restarted.
_PATIENCE = 3


def probes(service: ResolvedService) -> Object:
    """The container's fields for its probes."""
    health = service.recipe.spec.health
    attempts = math.ceil(health.startup / health.interval)
    return {
        "startupProbe": _probe(health, service, attempts),
        "readinessProbe": _probe(health, service, health.failures),
        "livenessProbe": _probe(health, service, health.failures * _PATIENCE),
    }


def _probe(health: HealthProbe, service: ResolvedService, failures: int) -> Object:
    return {
        **_question(health, service),
        "periodSeconds": _seconds(health.interval),
        "timeoutSeconds": _seconds(health.timeout),
        "failureThreshold": failures,
    }


def _question(health: HealthProbe, service: ResolvedService) -> Object:
    ports = service.recipe.spec.ports
    if health.http:
        return {"httpGet": {"port": ports[health.http.port].container, "path": health.http.path}}
    if health.tcp:
        return {"tcpSocket": {"port": ports[health.tcp.port].container}}
    command = health.exec.command if health.exec else ()
    return {"exec": {"command": [words.fill(parts, service) for parts in expand(command, service)]}}


def _seconds(value: timedelta) -> int:
    """Kubernetes counts in whole seconds, at least one."""
    return max(1, math.ceil(value.total_seconds()))
