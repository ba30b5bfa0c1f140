"""Where a service is reached: what `GET /services/{name}/endpoint` answers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from reconciler.desired.finding import did_you_mean
from reconciler.errors import MissingError
from reconciler.explain import unknown
from reconciler.models.status import ServiceStatus, Status
from reconciler.models.text import visible

if TYPE_CHECKING:
    from reconciler.desired.load import Desired


class EndpointShape(BaseModel):
    """Where a service is reached: addresses of instances that are ready, by port. `why` is what the table says."""

    model_config = ConfigDict(frozen=True)

    service: str = Field(examples=["llama"])
    health: str = Field(examples=["Healthy"])
    why: str = Field(examples=[""])
    ports: dict[str, list[str]] = Field(examples=[{"http": ["n1:20000"]}])


def endpoint(
    name: str, port: str, status: Status, desired: Desired | None, *, young: bool = False
) -> tuple[EndpointShape | None, str]:
    """Where it is reached now, at one `port` ("": at all); or None and why it is not. `young` as for `lines_of`.

    Raises MissingError for a service or a port that nobody knows.
    """
    lines = lines_of(name, status, desired, young=young)
    ports = ready_ports(lines)
    resolved = desired.services.get(name) if desired else None
    known = {*ports, *(one for line in lines for one, _ in line.endpoints)}
    known |= set(resolved.recipe.spec.ports) if resolved else set()
    if port and known and port not in known:
        raise MissingError(f"{name} has no port {visible(port)}; {did_you_mean(port, known)}")
    found = {one: addresses for one, addresses in ports.items() if port in ("", one)}
    worst = max(lines, key=lambda one: one.health.rank, default=None)
    if worst is None:
        return None, f"{name}: no turn has come to it yet"
    why = visible(worst.why)
    if not found:
        stands = f"{worst.state.value}, {worst.health.value}" + (f": {why}" if why else "")
        return None, f"no instance of {name} is ready{f' at {visible(port)}' if port else ''}; it is {stands}"
    return EndpointShape(service=name, health=worst.health.value, why=why, ports=found), ""


def lines_of(name: str, status: Status, desired: Desired | None, *, young: bool = False) -> tuple[ServiceStatus, ...]:
    """Its lines of the table; none where no turn has come to it yet. Raises MissingError where nobody knows it.

    `young`: it is in the repository for sure, though the desired state in force has not got it yet.
    """
    lines = tuple(one for one in status.services if one.service == name)
    known = desired is not None and (name in desired.services or name in desired.held)
    if not lines and not known and not young:
        raise MissingError(unknown(status, name))
    return lines


def ready_ports(lines: Iterable[ServiceStatus]) -> dict[str, list[str]]:
    """Addresses of all instances that are up, by port, as they were seen last."""
    found: dict[str, list[str]] = {}
    for line in lines:
        for one in line.serving:
            for port, address in one.instance.endpoints if one.up else ():
                found.setdefault(port, []).append(visible(address))
    return found
