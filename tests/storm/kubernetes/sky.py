"""The storm itself: two daemons, what is wanted, what was recorded, the dice; events change them, a calm ends it."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress

from lab.factory import Factory
from lab.host import LabError
from lab.kubernetes_objects import DAEMON
from lab.kubernetes_pki import Authority
from lab.lab import Lab
from reconciler.settings import KubernetesTarget
from tests.faults.kubernetes.cloud import Cloud
from tests.kube.proxy import Decide, Proxy, good, proxied
from tests.storm.kubernetes.desk import Desk, Wish
from tests.storm.kubernetes.recorder import Recorder
from tests.storm.kubernetes.strangers import Strangers

#: The account of the second daemon; the first one has the lab's own.
SECOND = f"{DAEMON}-2"
USERS = (DAEMON, SECOND)
#: Twelve services of both kinds, some with pods, which never run. The replicas of each:
SERVICES = [
    *(Wish(f"web-{number}", "web", {"replicas": replicas}) for number, replicas in enumerate((0, 0, 0, 0, 0, 0, 1, 2))),
    *(Wish(f"data-{number}", "ledger", {"replicas": replicas}) for number, replicas in enumerate((0, 0, 1, 1))),
]


class Storm:
    """All that an event may touch. `kills`: of daemons. `site` is the first daemon, `twin` the second."""

    def __init__(self, lab: Lab, proxies: tuple[Proxy, Proxy]) -> None:
        self.dice = random.Random()
        self.proxies = proxies
        self.site = Cloud(lab, kubeconfig=proxies[0].kubeconfig())
        self.twin = self._second(proxies[1])
        self.facts = self.site.facts
        self.desk = Desk(self.site)
        self.strangers = Strangers(self.site)
        self.recorder = Recorder(self.site.witness, self.site.owner)
        self.kills = 0
        self.running: Factory = self.site
        self.busy: set[str] = set()
        self._later: list[tuple[float, Callable[[], None]]] = []

    def begin(self) -> None:
        """All services are there, and strangers' objects beside them."""
        self.desk.open(SERVICES)
        self.site.start()
        for wish in SERVICES:
            self.site.until(f"{wish.name} is there", lambda wish=wish: self.is_there(wish), 60)  # type: ignore[misc] # mypy cannot type a bound default
        self.strangers.settle(SERVICES[0].name)

    def is_there(self, wish: Wish) -> bool:
        """Whether all objects of a service are there."""
        return all(self.site.witness.get(kind, wish.name) for kind in wish.kinds)

    def grant(self) -> None:
        """Both daemons have their rights."""
        target = KubernetesTarget(kind="kubernetes", namespaces=(self.site.namespace,))
        self.facts.grant(target, self.site.owner)
        bound = f"rolebinding/reconciler-{self.site.owner}"
        subject = f'{{"apiGroup":"rbac.authorization.k8s.io","kind":"User","name":"{SECOND}"}}'
        add = f'[{{"op":"add","path":"/subjects/-","value":{subject}}}]'
        self.site.kubectl("patch", bound, "--type=json", "-p", add)

    def by_hand(self, *args: str, text: str = "") -> None:
        """kubectl as somebody else: what is refused (it has just gone) changes nothing."""
        with suppress(LabError):
            self.site.kubectl(*args, text=text)

    def a_wish(self) -> Wish:
        """One of the services that are wanted and whose files are there."""
        return self.desk.wishes[self.dice.choice(sorted(self.desk.wishes.keys() - self.desk.held))]

    def play(self, decide: Decide) -> None:
        """What both proxies do from now on."""
        for proxy in self.proxies:
            proxy.decide = decide

    def later(self, seconds: float, do: Callable[[], None]) -> None:
        """Have something done after a while, between two events."""
        self._later.append((time.monotonic() + seconds, do))

    def window(self, what: str, seconds: float, opened: AbstractContextManager[object]) -> None:
        """A trouble that lasts for some seconds; there is one of each sort (`what`) at a time."""
        stack = ExitStack()
        stack.enter_context(opened)
        self.busy.add(what)

        def close() -> None:
            self.busy.discard(what)
            stack.close()

        self.later(seconds, close)

    def pause(self, seconds: float) -> None:
        """Let time pass, and do what is due."""
        end = time.monotonic() + seconds
        while True:
            for one in [one for one in self._later if one[0] <= time.monotonic()]:
                self._later.remove(one)
                one[1]()
            if (left := end - time.monotonic()) <= 0:
                return
            time.sleep(min(left, 0.1))

    def change_daemon(self, number: signal.Signals) -> None:
        """Start the other one beside the one that runs, and end that."""
        old, new = self.running, self.twin if self.running is self.site else self.site
        new.start()
        self.pause(1.0)
        old.stop(number)
        self.running = new

    def calm(self) -> None:
        """Everything that was broken is put right, now."""
        while self._later:
            due, self._later = self._later, []
            for _, do in due:
                do()
        self.play(good)

    def close(self) -> None:
        """End everything of the storm."""
        self.recorder.close()
        self.twin.stop()
        self.site.clear()

    def _second(self, proxy: Proxy) -> Factory:
        made = self.site.twin()
        path = made.folder / "kubeconfig"
        made.put(path, proxy.kubeconfig(), 0o600)
        targets = {"kubernetes": self.site.kubernetes_target(path)}
        made.configure(slurm=False, targets=targets)
        return made


@contextmanager
def stormy(lab: Lab) -> Iterator[Storm]:
    """A storm that has not begun: its daemons have accounts of their own, so that the audit log tells them apart."""
    facts = lab.kubernetes
    Authority(facts.folder / "pki", None).issue(SECOND, f"/CN={SECOND}")
    with proxied(facts) as first, proxied(facts, SECOND) as second:
        storm = Storm(lab, (first, second))
        try:
            storm.grant()
            yield storm
        finally:
            storm.close()
