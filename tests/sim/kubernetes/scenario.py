"""Everything that can happen, each as one method: to the repository, to the daemons, to the cluster, and by hand."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from reconciler.desired.load import Loader
from reconciler.errors import TargetError
from reconciler.kube.kinds import ALWAYS, CLAIM, SERVICE, Object
from reconciler.slurm.look.clock import Clock
from reconciler.turn import Report
from tests.sim.kubernetes.api import SimApi
from tests.sim.kubernetes.controllers import Controllers
from tests.sim.kubernetes.daemon import SETTINGS, SimDaemon
from tests.sim.kubernetes.faults import FaultyApi
from tests.sim.kubernetes.hands import NAMESPACE, Hands
from tests.sim.kubernetes.pods import Character
from tests.sim.kubernetes.repository import DATABASE, RECIPES, KubeSpec, new_spec, path
from tests.sim.kubernetes.rivals import Rivals
from tests.sim.kubernetes.rules import Rules
from tests.sim.kubernetes.server import SimServer
from tests.sim.kubernetes.truth import Truth
from tests.sim.kubernetes.weather import DeathError, Fault, Weather
from tests.sim.repository import BROKEN, SimSource

EPOCH = 1_767_225_600
_LEAVE = "a commit\n\nReconciler-Allow-Removals: all"
_STARTED = {"web-a": KubeSpec("web", replicas=2), "web-b": KubeSpec("web", budget=True), "db-a": KubeSpec("db")}


@dataclass
class Scenario:
    """One repository, one cluster, and two daemons of which one leads. `draw` gives the character of a pod that starts.

    `keep_data`: the claims of removed services stay.
    """

    draw: Callable[[], Character] = Character
    keep_data: bool = True
    counts: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.now = EPOCH
        self._later: list[tuple[int, int, Callable[[], object]]] = []
        self._born_so_far = 0
        kinds = {kind.name for kind in ALWAYS}
        self.server = SimServer(kinds, {NAMESPACE}, self._clock)
        self.server.admission.mutators.append(_with_address)
        self.controllers = Controllers(self.server, lambda: self.now, self._character)
        self.source = SimSource()
        self.truth = Truth(self.server, dict(_STARTED))
        self.rules = Rules(self.truth, lambda: self.daemon)
        self.hands = Hands(self.server, self.truth)
        self.rivals = Rivals(self.server, self.truth)
        self.weather = Weather(self.put_off)
        self._loader = Loader(SETTINGS, {})
        self._version = 0
        self.source.commit({**RECIPES, **{path(name): spec.text(name) for name, spec in _STARTED.items()}})
        self.leader = 0
        self.daemons = [self._born(0), self._born(1)]

    @property
    def daemon(self) -> SimDaemon:
        """The one that holds the lease."""
        return self.daemons[self.leader]

    # --- the daemons

    def turn(self, faults: Mapping[int, Fault] | None = None, delay: int = 3) -> Report | None:
        """One turn of the leader, with faults at some of its calls; None when it died in it or could not read Git."""
        self.counts["turns"] += 1
        daemon = self.daemon
        daemon.api.begin(faults or {}, delay)
        self.rules.begin(daemon)
        try:
            report = daemon.turn()
        except DeathError:
            self.kill(self.daemons.index(daemon))
            return None
        self.rules.check_turn(report)
        self.controllers.run()
        return report

    def kill(self, number: int) -> None:
        """A daemon is killed, and started again."""
        self.counts["deaths"] += 1
        self.daemons[number].api.dead = True
        self.daemons[number].close()
        self.daemons[number] = self._born(number)

    def turn_of_another(self) -> None:
        """The daemon that does not hold the lease takes a turn."""
        other = self.daemons[1 - self.leader]
        other.api.begin({})
        self.rules.begin(other)
        other.turn()

    def hand_over(self) -> None:
        """The lease passes to the other daemon, which goes on with what it has seen."""
        self.counts["leaders"] += 1
        self.leader = 1 - self.leader

    def _born(self, number: int) -> SimDaemon:
        api = FaultyApi(SimApi(self.server), self.weather, self.rules, self.counts)
        clock = Clock(self._clock, lambda: float(self.now - EPOCH))

        def stands_by() -> str:
            return "" if self.leader == number else "another daemon holds the lease"

        def lose_lease() -> None:
            if self.leader == number:
                self.hand_over()

        api.lose_lease = lose_lease

        return SimDaemon(api, self.source, self._loader, clock, stands_by, keep_data=self.keep_data)

    def _character(self) -> Character:
        return self.draw()

    def _clock(self) -> datetime:
        return datetime.fromtimestamp(self.now, UTC)

    # --- the repository

    def want(self, name: str, spec: KubeSpec) -> None:
        """Commit a good file for a service."""
        self.truth.want(name, spec)
        self.source.commit({path(name): spec.text(name)})

    def change(self, name: str, *, broken: bool = False) -> None:
        """New content for a service, which may be such that it never becomes healthy."""
        self._version += 1
        version = f"{BROKEN if broken else 'v'}{self._version}"
        self.want(name, replace(self.truth.wanted.get(name) or new_spec(name), version=version))

    def alter(self, name: str, **fields: object) -> None:
        """Change something of a service that is wanted."""
        if name in self.truth.wanted:
            self.want(name, replace(self.truth.wanted[name], **fields))  # type: ignore[arg-type]  # checked by replace

    def spoil(self, name: str) -> None:
        """Commit a bad file for a service."""
        if name in self.truth.wanted:
            self.truth.bad.add(name)
            text = self.truth.wanted[name].text(name).replace('"replicas"', '"replcas"')
            self.source.commit({path(name): text})

    def remove(self, *names: str, leave: bool = False) -> None:
        """Commit a removal of services, with leave for it or without."""
        gone = [name for name in names if name in self.truth.wanted]
        if gone:
            self.truth.remove(gone, leave=leave)
            self.source.commit(dict.fromkeys(map(path, gone)), _LEAVE if leave else "a commit")

    def resize(self, size: str) -> None:
        """The recipe of the databases asks for volumes of another size."""
        text = RECIPES[DATABASE].replace("size: 1Gi", f"size: {size}")
        self.source.commit({DATABASE: text})

    def give_leave(self) -> None:
        """A commit that changes nothing but allows all removals."""
        self.truth.unreleased.clear()
        self.source.commit({}, _LEAVE)

    # --- time and the cluster

    def wait(self, seconds: int) -> None:
        """Let time pass: late requests arrive, controllers and rivals do what they do."""
        until = self.now + seconds
        while self._later and self._later[0][0] <= until:
            due, _, do = heapq.heappop(self._later)
            self.now = max(self.now, due)
            self._arrive(do)
        self.now = until
        self.controllers.run()
        self.rivals.act()

    def put_off(self, seconds: int, do: Callable[[], object]) -> None:
        """Carry out a request later; nobody waits for its answer."""
        self._born_so_far += 1
        heapq.heappush(self._later, (self.now + seconds, self._born_so_far, do))

    def _arrive(self, do: Callable[[], object]) -> None:
        try:
            do()
        except TargetError:
            self.counts["late requests that were refused"] += 1

    def lose_store(self, *, noticed: bool) -> None:
        """The server starts again with an empty etcd; nothing of the past is anybody's any more.

        `noticed`: every watch finds it away for a moment; otherwise they ended, and go on from versions of the past.
        """
        self.weather.restarts += noticed
        self.server.store.clear()
        self.truth.mine.clear()
        self.truth.strangers.clear()
        self.truth.stripped.clear()
        self._later.clear()

    def serve(self, kind: str, *, served: bool) -> None:
        """A kind that a cluster may lack is installed, or removed with all of its objects."""
        for key in [key for key in self.server.store.objects if key[0] == kind and not served]:
            self.truth.strangers.pop(self.server.store.objects[key].item["metadata"]["uid"], None)
            self.server.store.remove(key)
        (self.server.kinds.add if served else self.server.kinds.discard)(kind)

    def close(self) -> None:
        """End the daemons' threads."""
        for daemon in self.daemons:
            daemon.close()


def _with_address(item: Object) -> Object:
    """What the API server itself adds: the address of a Service, the finalizer of a claim."""
    if item["kind"] == SERVICE.name and "clusterIP" not in item["spec"]:
        return {**item, "spec": {**item["spec"], "clusterIP": f"10.96.0.{len(item['metadata']['name'])}"}}
    if item["kind"] == CLAIM.name and "storageClassName" not in item["spec"]:
        return {**item, "spec": {**item["spec"], "storageClassName": "standard"}}
    return item
