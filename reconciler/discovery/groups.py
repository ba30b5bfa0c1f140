"""Target groups as Prometheus reads them, by http_sd and by file_sd."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal, TypedDict

from reconciler.discovery.places import Place, places
from reconciler.models.recipe import HealthProbe
from reconciler.models.status import ServiceStatus, Status

Kind = Literal["http", "tcp", "grpc"]


class Group(TypedDict):
    """Addresses, and the labels that they have in common; here always one address."""

    targets: list[str]
    labels: dict[str, str]


def scrape_groups(status: Status, target: str = "", recipe: str = "") -> list[Group]:
    """The metrics page of each instance that is up, of services whose recipe names one; by service and replica.

    Only those of a `target` and of a `recipe`, where these are given. What was seen last stays while a target cannot
    be seen.
    """
    found: list[Group] = []
    for place in _places(status, target, recipe):
        scrape = place.line.scrape
        address = dict(place.serving.instance.endpoints).get(scrape.port) if scrape else None
        if scrape and address and place.serving.up:
            found.append(_scraped(place, address, scrape.path, scrape.scheme))
    return found


def probe_groups(status: Status, target: str = "", recipe: str = "") -> list[Group]:
    """Each port of each running instance, up or not, for the blackbox exporter.

    The address is what its parameter `target` takes: a URL for the port that is asked by HTTP for health, host:port
    for others. The module, which is also the label `probe`, is http, grpc or tcp.
    """
    found: list[Group] = []
    for place in _places(status, target, recipe):
        for port, address in sorted(place.serving.instance.endpoints):
            kind, what = _probe(place.line.probe, port, address)
            labels = {"__param_module": kind, "probe": kind, "port": port}
            found.append(Group(targets=[what], labels={**labels, **place.labels()}))
    return found


def _places(status: Status, target: str, recipe: str) -> Iterator[Place]:
    for line in _wanted(status.services, target, recipe):
        known = status.targets.get(line.target)
        if known is not None:
            yield from places(line, known.kind)


def _wanted(lines: Iterable[ServiceStatus], target: str, recipe: str) -> Iterator[ServiceStatus]:
    for line in lines:
        if line.serving and target in ("", line.target) and recipe in ("", line.recipe):
            yield line


def _scraped(place: Place, address: str, path: str, scheme: str) -> Group:
    labels = {"__scheme__": scheme, "__metrics_path__": path}
    return Group(targets=[address], labels={**labels, **place.labels()})


def _probe(probe: HealthProbe | None, port: str, address: str) -> tuple[Kind, str]:
    if probe and probe.http and probe.http.port == port:
        return "http", f"{probe.http.scheme}://{address}{probe.http.path}"
    if probe and probe.grpc and probe.grpc.port == port:
        return "grpc", address
    return "tcp", address
