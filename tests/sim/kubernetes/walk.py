"""A random walk through everything that can happen on Kubernetes, by a seed that replays it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from random import Random

from reconciler.kube.kinds import CLAIM, CONFIG_MAP, DEPLOYMENT, SERVICE, SERVICE_MONITOR
from tests.sim.kubernetes.calm import calm
from tests.sim.kubernetes.faults import WRITE
from tests.sim.kubernetes.hands import NAMESPACE, TOUCHES
from tests.sim.kubernetes.pods import draw_from
from tests.sim.kubernetes.repository import GADGET, NAMES, new_spec
from tests.sim.kubernetes.scenario import Scenario
from tests.sim.kubernetes.weather import Fault
from tests.sim.rules import BrokenRuleError
from tests.sim.walk import Tally

#: Steps of a storm between two times of calm.
STORM = 150
_FAULTS = (*Fault, Fault.KILLED_BEFORE, Fault.KILLED_AFTER, Fault.LOST, Fault.LATE)
_KINDS = ("ConfigMap", "Service", "Deployment", "StatefulSet", "PersistentVolumeClaim", "Pod", "PodDisruptionBudget")


class Walk:
    """Takes steps; `trail` is what the last ones were."""

    def __init__(self, seed: int, tally: Tally) -> None:
        self._chance = Random(seed)
        self._tally = tally
        self.scenario = Scenario(draw_from(Random(seed + 1)), keep_data=seed % 2 == 0, counts=tally.counts)
        self.trail: deque[str] = deque(maxlen=40)
        self._weights = list(_EVENTS.values())
        self._events = list(_EVENTS)

    def run(self, steps: int) -> None:
        """Storms and times of calm in turn. Raises BrokenRuleError."""
        done = 0
        while done < steps:
            storm = min(STORM, steps - done)
            for _ in range(storm):
                self.step()
            self.trail.append("calm")
            turns = calm(self.scenario, self._chance)
            # In calm each turn and each wait is a step.
            self._tally.steps += 2 * turns
            done += storm + 2 * turns
            self._tally.counts["calms"] += 1

    def step(self) -> None:
        """One event, and what must hold after it."""
        (event,) = self._chance.choices(self._events, self._weights)
        self.trail.append(f"{self.scenario.now} {event.__name__.strip('_')}")
        self.trail[-1] = f"{self.scenario.now} {event(self.scenario, self._chance)}"
        self._tally.steps += 1
        self.scenario.rules.check_strangers()

    def close(self) -> None:
        """End the daemons' threads."""
        self.scenario.close()


def walk(seed: int, steps: int, tally: Tally) -> None:
    """One walk; a broken rule goes into the tally."""
    one = Walk(seed, tally)
    try:
        one.run(steps)
    except BrokenRuleError as error:
        tally.broken.append((seed, error.rule, "\n".join([*one.trail, str(error)])))
    finally:
        one.close()


def _turn(scenario: Scenario, chance: Random) -> str:
    faults = {}
    if chance.random() < 0.3:
        faults = {_call(chance): chance.choice(_FAULTS) for _ in range(chance.randint(1, 3))}
    report = scenario.turn(faults, chance.randint(1, 25))
    if report is None:
        return f"turn with {faults}: died, or Git could not be read"
    actions = ", ".join(map(_words, report.plan.changes))
    errors = "; ".join(outcome.error for outcome in report.outcomes if outcome.error)
    return f"turn with {faults}: {actions or 'nothing'} {errors} {report.seen.why}"


def _call(chance: Random) -> int:
    """One of the calls of a turn, or one of its writes."""
    return WRITE + chance.randrange(6) if chance.random() < 0.4 else chance.randrange(24)


def _words(action: object) -> str:
    return f"{type(action).__name__} {getattr(action, 'service', '')}"


def _wait(scenario: Scenario, chance: Random) -> str:
    seconds = chance.choice((1, 1, 2, 5, 10, 30, 30, 60, 120, 400))
    scenario.wait(seconds)
    return f"wait {seconds}"


def _kill(scenario: Scenario, chance: Random) -> str:
    number = chance.randrange(2)
    scenario.kill(number)
    return f"kill {number}"


def _another(scenario: Scenario, chance: Random) -> str:
    del chance
    scenario.turn_of_another()
    return "turn of another daemon"


def _hand_over(scenario: Scenario, chance: Random) -> str:
    del chance
    scenario.hand_over()
    return "another daemon leads"


def _change(scenario: Scenario, chance: Random) -> str:
    name, broken = chance.choice(NAMES), chance.random() < 0.2
    scenario.change(name, broken=broken)
    return f"change {name} broken={broken}"


def _alter(scenario: Scenario, chance: Random) -> str:
    name = chance.choice(NAMES)
    choices: dict[str, tuple[object, ...]] = {
        "replicas": (1, 1, 2, 3),
        "restart": ("r1", "r2", "r3"),
        "suspend": (True, False, False),
        "drift": ("", "ignore", "report", "repair"),
        "ignored": ((), ("/spec/replicas",)),
        "budget": (True, False),
        "policy": (True, False),
    }
    key = chance.choice(list(choices))
    value = chance.choice(choices[key])
    if key == "replicas" and name.startswith("files"):
        value = 1  # its claim can be mounted on one node only
    scenario.alter(name, **{key: value})
    return f"alter {name} {key}={value}"


def _add(scenario: Scenario, chance: Random) -> str:
    name = chance.choice(NAMES)
    if name not in scenario.truth.wanted:
        scenario.want(name, new_spec(name))
    return f"add {name}"


def _spoil(scenario: Scenario, chance: Random) -> str:
    name = chance.choice(NAMES)
    scenario.spoil(name)
    return f"spoil {name}"


def _remove(scenario: Scenario, chance: Random) -> str:
    names = chance.sample(NAMES, chance.choice((1, 1, 2, 5)))
    leave = chance.random() < 0.3
    scenario.remove(*names, leave=leave)
    return f"remove {names} leave={leave}"


def _resize(scenario: Scenario, chance: Random) -> str:
    size = chance.choice(("1Gi", "1Gi", "2Gi"))
    scenario.resize(size)
    return f"databases of {size}"


def _leave(scenario: Scenario, chance: Random) -> str:
    del chance
    scenario.give_leave()
    return "leave"


def _git(scenario: Scenario, chance: Random) -> str:
    scenario.source.broken = chance.random() < 0.5
    return f"git broken={scenario.source.broken}"


def _server(scenario: Scenario, chance: Random) -> str:
    match chance.randrange(14):
        case 0:
            noticed = chance.random() < 0.5
            scenario.lose_store(noticed=noticed)
            return f"empty etcd, noticed={noticed}"
        case 1 | 2:
            scenario.weather.down = True
            return "server down"
        case 3 | 4:
            scenario.server.store.forget_events()
            return "compaction"
        case 5:
            scenario.controllers.up = not scenario.controllers.up
            return f"controllers up={scenario.controllers.up}"
        case 6:
            served = chance.random() < 0.5
            kind = chance.choice((SERVICE_MONITOR.name, GADGET.name, GADGET.name))
            scenario.serve(kind, served=served)
            return f"{kind} served={served}"
        case _:
            scenario.weather.down = False
            return "server up"


def _rights(scenario: Scenario, chance: Random) -> str:
    forbidden = scenario.weather.forbidden
    if chance.random() < 0.6:
        forbidden.clear()
        return "all is allowed"
    verbs = chance.choice((("list", "watch"), ("watch",), ("patch",), ("delete",)))
    kind = chance.choice(_KINDS)
    forbidden.update((verb, kind) for verb in verbs)
    return f"forbidden {verbs} {kind}"


def _policy(scenario: Scenario, chance: Random) -> str:
    admission = scenario.server.admission
    match chance.randrange(8):
        case 0 | 1:
            admission.denied.add((chance.choice(("delete", "create", "update")), chance.choice(_KINDS[:5])))
            return f"denied {sorted(admission.denied)}"
        case 2:
            admission.quota[chance.choice(_KINDS[:4])] = chance.randrange(3)
            return f"quota {admission.quota}"
        case 3:
            admission.terminating = {NAMESPACE}
            return "namespace terminating"
        case 4:
            scenario.rivals.set_webhook(there=True)
            return "a webhook that changes"
        case _:
            admission.denied.clear()
            admission.quota.clear()
            admission.terminating = set()
            scenario.rivals.set_webhook(there=False)
            return "no policies"


def _rivals(scenario: Scenario, chance: Random) -> str:
    scenario.rivals.scaler = chance.choice((0, 0, 1, 3))
    scenario.rivals.fighter = chance.random() < 0.3
    return f"autoscaler {scenario.rivals.scaler}, fighter {scenario.rivals.fighter}"


def _touch(scenario: Scenario, chance: Random) -> str:
    index, what, value = chance.randrange(50), chance.choice(TOUCHES), str(chance.randrange(9))
    return f"by hand: {scenario.hands.touch(index, what, value)}"


def _release(scenario: Scenario, chance: Random) -> str:
    del chance
    scenario.hands.release()
    return "finalizers are released"


def _stranger(scenario: Scenario, chance: Random) -> str:
    name, kind = chance.choice(NAMES), chance.choice((CONFIG_MAP, SERVICE, DEPLOYMENT, CLAIM))
    if kind is CLAIM:
        name = f"data-{name}-0" if name.startswith("db") else f"{name}.data"
    return f"stranger: {scenario.hands.stranger(kind, NAMESPACE, name)}"


_EVENTS: dict[Callable[[Scenario, Random], str], float] = {
    _turn: 45,
    _wait: 25,
    _kill: 1.5,
    _another: 1,
    _hand_over: 0.5,
    _change: 3,
    _alter: 4,
    _add: 2,
    _spoil: 1,
    _remove: 1,
    _resize: 0.4,
    _leave: 0.3,
    _git: 0.6,
    _server: 2.5,
    _rights: 1,
    _policy: 1.5,
    _rivals: 0.5,
    _touch: 8,
    _release: 0.7,
    _stranger: 0.7,
}
