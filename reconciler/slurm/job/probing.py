"""What a recipe says of health as functions of bash that call `probe.sh`; foreign text is quoted. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from reconciler.desired.arguments import expand
from reconciler.desired.probing import first_request_of
from reconciler.models.recipe import FirstRequest, HealthProbe, HttpProbe
from reconciler.models.wanted import ResolvedService
from reconciler.slurm.job import shell
from reconciler.slurm.job.forms import Form
from reconciler.slurm.mark import LONGEST_QUESTION

#: Codes that are right where a recipe names none, by their first digits.
_WELL = ("2", "3")
_DONE = ("2",)


def assignments(health: HealthProbe, form: Form) -> list[str]:
    """Times in seconds, thresholds, and the programs without which it cannot be started or asked."""
    curl = ("curl",) if health.grpc or _scheme(health) == "https" else ()
    return [
        f"probe_startup={round(health.startup.total_seconds())}",
        f"probe_interval={round(health.interval.total_seconds())}",
        f"probe_failures={health.failures}",
        f"probe_successes={health.successes}",
        f"programs=({' '.join(map(shell.quote, dict.fromkeys((*form.programs, *curl))))})",
    ]


def functions(service: ResolvedService, form: Form) -> list[str]:
    """The functions `probe` and `first_request`; what there is none of is well."""
    first = first_request_of(service)
    return [
        *shell.function("probe", _probe(service, form)),
        *shell.function("first_request", _first(first, service) if first else []),
    ]


def _probe(service: ResolvedService, form: Form) -> list[str]:
    health = service.recipe.spec.health
    seconds = round(health.timeout.total_seconds())
    if health.http:
        return [_asked(f"GET{health.http.path}"), f"ask {seconds} http {_http(health.http)}"]
    if health.tcp:
        return [_asked(f"tcp:{health.tcp.port}"), f"ask {seconds} tcp {_port(health.tcp.port)}"]
    if health.grpc:
        name = shell.quote(health.grpc.service)
        return [_asked(f"grpc:{health.grpc.port}"), f"ask {seconds} grpc {_port(health.grpc.port)} {name}"]
    command = health.exec.command if health.exec else ()
    words = shell.words(expand(command, service), form.resolve)
    return [_asked(command[0].rpartition("/")[2]), f"ask_command {seconds} {form.wrap}{words}"]


def _http(probe: HttpProbe) -> str:
    headers = [f"{name.lower()}:{value.strip()}" for name, value in probe.headers.items()]
    words = ["GET", probe.path, _codes(probe.status, _WELL), probe.contains or "", "", "", "", *headers]
    return f"{probe.scheme} {_port(probe.port)}{_quoted(words)}"


def _first(first: FirstRequest, service: ResolvedService) -> list[str]:
    seconds = round(first.timeout.total_seconds())
    token = f'"${{secret_files[{first.bearer}]}}"' if first.bearer in service.service.spec.secrets else "''"
    words = _quoted([first.method, first.path, _codes(first.status, _DONE), first.contains or ""])
    where = f"{_scheme(service.recipe.spec.health)} {_port(first.port)}"
    return [
        _asked(f"first:{first.method}{first.path}"),
        f"ask {seconds} http {where}{words} {token}{_quoted([first.content_type, first.body])}",
    ]


def _scheme(health: HealthProbe) -> str:
    return health.http.scheme if health.http else "http"


def _codes(status: Sequence[int], default: Sequence[str]) -> str:
    return " ".join([*map(str, status)] or default)


def _port(name: str) -> str:
    return f'"${{ports[{name}]}}"'


def _quoted(words: Sequence[str]) -> str:
    return "".join(f" {shell.quote(word)}" for word in words)


def _asked(words: str) -> str:
    """For people, and in the report: what cannot be in one is left out."""
    return f"asked={re.sub('[^A-Za-z0-9_./%:-]', '_', words)[:LONGEST_QUESTION]}"
