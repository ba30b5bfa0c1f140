"""The gap that a client sees when the jobs of a service reach their time limit: renewals, asked ten times a second."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from time import monotonic

from lab.lab import Lab
from tests.bench.report import Table, goal
from tests.e2e.world import until
from tests.faults.site import Site
from tests.storm.client import Client
from tests.storm.recipes import RECIPES, ledger, web
from tests.storm.recorder import Recorder

_STATELESS = ("a", "b", "c", "d")
_STATEFUL = ("e",)
_KINDS = {"stateless": _STATELESS, "stateful": _STATEFUL}
_RENEWALS = 20
_LIMITED = {"slurm": {"time": "1m"}}
_PATIENCE = 900.0


def measure() -> Table:
    """Some services of each kind with limits of a minute, until those of the first kind have been renewed 20 times."""
    with ExitStack() as stack:
        lab = stack.enter_context(Lab.start(slurm=True))
        lab.wait("slurm", 180)
        site = Site(lab)
        stack.callback(site.clear)
        recorder = Recorder(site.slurm)
        stack.callback(recorder.close)
        clients = _start(site, stack)
        began = monotonic()
        until("20 renewals", lambda: _renewals(recorder, _STATELESS) >= _RENEWALS, _PATIENCE)
        until("one time limit", lambda: _renewals(recorder, _STATEFUL) >= 1, _PATIENCE)
        took = monotonic() - began
    rows = [_row(kind, recorder, [one for one in clients if one.service in names]) for kind, names in _KINDS.items()]
    notes = (
        f"Jobs of one minute, in {took:.0f} s; each service is asked every 100 ms where the daemon last said it is.",
        "A stateful service is away while its successor starts: two must never have its data.",
    )
    columns = ("kind", "services", "renewals", "requests", "failed", "longest gap", "goal 0 failed")
    return Table("Renewals, as a client sees them", columns, rows, notes)


def _start(site: Site, stack: ExitStack) -> list[Client]:
    """All services run, and each has its client."""
    texts = dict(RECIPES)
    for name in _STATELESS:
        texts |= web(name, **_LIMITED)
    for name in _STATEFUL:
        texts |= ledger(name, **_LIMITED)
    site.commit(texts, "services")
    site.start()
    site.wait_healthy([*_STATELESS, *_STATEFUL])
    clients = [Client(site, name, numbers=name in _STATEFUL) for name in (*_STATELESS, *_STATEFUL)]
    for client in clients:
        stack.callback(client.close)
    return clients


def _renewals(recorder: Recorder, names: Sequence[str]) -> int:
    return sum(recorder.record.handed_over(f"{name}.0") for name in names)


def _row(kind: str, recorder: Recorder, clients: Sequence[Client]) -> tuple[str, ...]:
    failed = sum(len(client.failed) for client in clients)
    gaps = [seconds for client in clients for _, seconds in client.gaps]
    return (
        kind,
        str(len(clients)),
        str(_renewals(recorder, [client.service for client in clients])),
        f"{sum(len(client.answers) for client in clients):,}",
        str(failed),
        f"{max(gaps):.1f} s" if gaps else "none",
        goal(failed, 0, at_least=False) if kind == "stateless" else "-",
    )
