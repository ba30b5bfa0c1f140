"""Kubernetes: services without replicas, so that only the objects are measured; a control plane without a node."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from lab import control
from lab.factory import Factory
from lab.lab import Lab
from lab.runtime import runtime_python
from tests.bench import changes, contest, hands
from tests.bench.api_server import ApiServer
from tests.bench.changes import Later, daily_life
from tests.bench.contest import Aftermath, Result
from tests.bench.daemon import be_quiet, deploy, pid_of, running, settle
from tests.bench.process import cpu_seconds, memory
from tests.bench.race import Run, run_bare
from tests.bench.report import Table, goal
from tests.bench.wanted import bodies, resolve, settings_of
from tests.bench.workload import files

_OWNER = "bench"
_TARGET = "kubernetes"
_QUIET = 12.0
_LAST = ("api/v1", "services")
_OTHERS = (("apis/apps/v1", "deployments"), ("api/v1", "configmaps"))
_LEASES = "leases"
_CONTROLLERS = ("kube-controller-manager", "kube-scheduler")
#: CPU seconds a second below which the API server is at rest, and how long that is waited for.
_AT_REST = 0.15
_WARM_UP = 60.0


def measure(counts: Sequence[int]) -> tuple[Table, ...]:
    """The contest, and the daemon when nothing changes."""
    with Lab.start(slurm=False, kubernetes="control-plane") as lab:
        lab.wait("kubernetes", 3600)
        arena = KubernetesArena(lab)
        results = [contest.hold(arena, count) for count in counts]
        later = arena.later
    notes = (
        "Deployment (replicas: 0), Service and ConfigMap each, 16 requests at a time in both; controllers stand still.",
        "bare: sixteen threads that send the same bodies as server-side applies through urllib3.",
    )
    contested = contest.table("Kubernetes: from the commit to all objects", results, notes)
    return (
        contested,
        _quiet_table(results),
        changes.table(later),
        hands.table([row for one in later for row in one.hands]),
    )


class KubernetesArena:
    """A lab's control plane, emptied after each run."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self.later: list[Later] = []
        self._make_ready()

    def ours(self, count: int, tell: Callable[[Aftermath], None] | None) -> Run:
        """See `contest.Arena`."""
        with ApiServer(self._lab.kubernetes) as server, running(self._lab, _OWNER, self._targets) as factory:
            before = server.calls()
            there = Counting(server)
            run = deploy(factory, files(count, _TARGET, replicas=0), there.services, count)
            there.check_others(count)
            if tell is not None:
                spent = (server.calls() - before).total()

                self._signal_controllers("SIGCONT")
                settle(factory, _TARGET, count)
                self._rest()
                quiet = be_quiet(factory, _TARGET, lambda: _calls(server), _QUIET)
                commits = be_quiet(factory, _TARGET, lambda: _calls(server), _QUIET, commits=6)
                tell(Aftermath(memory(pid_of(factory)), quiet, commits, spent))
                self._signal_controllers("SIGSTOP")
                self._rest()
                self.later += daily_life(factory, server, _TARGET, count)
        self._empty()
        return run

    def bare(self, count: int) -> Run:
        """See `contest.Arena`."""
        facts = self._lab.kubernetes
        factory = Factory(self._lab, "bench-bare", owner=_OWNER)
        settings = settings_of(factory.configure(slurm=False, targets=self._targets(factory)))
        text = bodies(resolve(files(count, _TARGET, replicas=0), settings), settings.targets[_TARGET], _OWNER)
        program, words = factory.folder / "bare_apply.py", factory.folder / "bodies.json"
        factory.put(program, (Path(__file__).parent / "bare_apply.py").read_text())
        factory.put(words, text)
        pki = facts.folder / "pki"
        name = facts.daemon_kubeconfig.stem
        python, environment = runtime_python(self._lab.user)
        keys = [str(pki / "ca.crt"), str(pki / f"{name}.crt"), str(pki / f"{name}.key")]
        argv = self._lab.as_user([python, str(program), str(words), facts.server, *keys])
        with ApiServer(facts) as server:
            there = Counting(server)
            run = run_bare(argv, environment, there.services, count)
            there.check_others(count)
        self._empty()
        return run

    def _targets(self, factory: Factory) -> dict[str, Any]:
        # Ticks come more often than by default, to have many turns in a short time.
        return {_TARGET: factory.kubernetes_target(self._lab.kubernetes.daemon_kubeconfig) | {"tick": "1s"}}

    def _empty(self) -> None:
        facts = self._lab.kubernetes
        facts.stop_server()
        facts.start_server(fresh=True)
        self._make_ready()

    def _make_ready(self) -> None:
        """The controllers stand still in a contest: they write more for each Deployment than the contestants do."""
        self._rest()
        self._signal_controllers("SIGSTOP")

    def _signal_controllers(self, number: str) -> None:
        for name in _CONTROLLERS:
            control.ask(self._lab.folder, "signal", name, number)

    def _rest(self) -> None:
        """Wait until the server has nothing left to do: after a start, and after many changes, that takes a while."""
        pid = control.ask(self._lab.folder, "pids")["kube-apiserver"]
        assert pid
        until = time.monotonic() + _WARM_UP
        busy = 1.0
        while busy > _AT_REST and time.monotonic() < until:
            before = cpu_seconds(pid)
            time.sleep(1.0)
            busy = cpu_seconds(pid) - before


class Counting:
    """How many objects have come since now. Services are applied last, so they alone are asked for on the way."""

    def __init__(self, server: ApiServer) -> None:
        self._server = server
        self._before = {plural: server.count(group, plural) for group, plural in (_LAST, *_OTHERS)}

    def services(self) -> int:
        return self._server.count(*_LAST) - self._before[_LAST[1]]

    def check_others(self, wanted: int) -> None:
        """All other objects are there too."""
        for group, plural in _OTHERS:
            there = self._server.count(group, plural) - self._before[plural]
            if there != wanted:
                raise RuntimeError(f"{there} {plural} are there, not {wanted}")


def _calls(server: ApiServer) -> dict[str, int]:
    """Calls for what services are made of, by verb and resource; those for leases apart."""
    return {f"{verb} {resource}": number for (verb, resource), number in server.calls().items()} | {
        _LEASES: server.leases()
    }


def _quiet_table(results: Sequence[Result]) -> Table:
    columns = (
        "services",
        "turns",
        "CPU a turn",
        "calls",
        "lease calls",
        "calls of empty commits",
        "calls to deploy each",
    )
    notes = (
        "Nothing changes: a tick each second for 12 s; then the same with six commits that change nothing.",
        "calls: all requests of anybody but streams and updates (which only controllers make) for what services need.",
    )
    rows = [_quiet_row(result.count, one) for result in results for one in result.aftermath]
    title = "Kubernetes: a turn in which nothing changed"
    return Table(title, (*columns, "memory", "peak", "goal 0 calls"), rows, notes)


def _quiet_row(count: int, one: Aftermath) -> tuple[str, ...]:
    calls = Counter(one.quiet.calls)
    leases = calls.pop(_LEASES, 0)
    commits = Counter(one.commits.calls)
    commits.pop(_LEASES, None)
    turn = one.quiet.cpu / max(one.quiet.turns, 1)
    numbers = (str(calls.total()), str(leases), str(commits.total()), f"{one.spent / count:.2f}")
    cells = (f"{count:,}", str(one.quiet.turns), f"{turn * 1000:.0f} ms", *numbers)
    sizes = (f"{one.memory.now:.0f} MiB", f"{one.memory.peak:.0f} MiB")
    return (*cells, *sizes, goal(calls.total(), 0, at_least=False))
