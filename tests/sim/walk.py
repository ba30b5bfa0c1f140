"""A random walk through everything that can happen, by a seed that replays it."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from reconciler.models.workload import Mark
from reconciler.slurm import mark as marks
from tests.sim.calm import calm
from tests.sim.faults import Fault
from tests.sim.rules import BrokenRuleError
from tests.sim.scenario import NAMES, TOUCHES, Scenario, draw_from, new_spec
from tests.sim.site import Loss

#: Steps of a storm between two times of calm.
STORM = 150

_FAULTS = (*Fault, Fault.KILLED_BEFORE, Fault.KILLED_AFTER, Fault.LOST, Fault.LATE)


@dataclass
class Tally:
    """What walks came to. `broken` holds each broken rule with the seed and what led to it."""

    steps: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    broken: list[tuple[int, str, str]] = field(default_factory=list)


class Walk:
    """Takes steps; `trail` is what the last ones were."""

    def __init__(self, seed: int, tally: Tally) -> None:
        self._chance = Random(seed)
        self._tally = tally
        self.scenario = Scenario(draw_from(Random(seed + 1)), tally.counts)
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
        self.trail.append(f"{self.scenario.cluster.now} {event.__name__.strip('_')}")
        self.trail[-1] = f"{self.scenario.cluster.now} {event(self.scenario, self._chance)}"
        self._tally.steps += 1
        self.scenario.rules.check_data()

    def close(self) -> None:
        """End the daemon's threads."""
        self.scenario.daemon.close()


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
        faults = {chance.randrange(6): chance.choice(_FAULTS) for _ in range(chance.randint(1, 2))}
    report = scenario.turn(faults, chance.randint(1, 25))
    actions = ", ".join(map(_words, report.plan.changes)) if report else "none"
    return f"turn with {faults}: {actions}"


def _words(action: object) -> str:
    return f"{type(action).__name__} {getattr(action, 'service', '')}.{getattr(action, 'replica', '')}"


def _wait(scenario: Scenario, chance: Random) -> str:
    seconds = chance.choice((1, 1, 2, 5, 10, 30, 30, 60, 120, 400))
    scenario.wait(seconds)
    return f"wait {seconds}"


def _kill(scenario: Scenario, chance: Random) -> str:
    del chance
    scenario.kill()
    return "kill"


def _another(scenario: Scenario, chance: Random) -> str:
    del chance
    scenario.turn_of_another()
    return "turn of another daemon"


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
        "time": ("", "5m", "10m", "1h"),
        "partition": ("", "main", "gpu"),
        "surge": (1, 2),
        "unavailable": (0, 1),
    }
    key = chance.choice(list(choices))
    value = chance.choice(choices[key])
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


def _leave(scenario: Scenario, chance: Random) -> str:
    del chance
    scenario.give_leave()
    return "leave"


def _git(scenario: Scenario, chance: Random) -> str:
    scenario.source.broken = chance.random() < 0.5
    return f"git broken={scenario.source.broken}"


def _controller(scenario: Scenario, chance: Random) -> str:
    match chance.randrange(8):
        case 0:
            scenario.lose_state()
            return "lose state"
        case 1 | 2:
            scenario.stop_controller()
            return "controller down"
        case _:
            scenario.start_controller()
            return "controller up"


def _node(scenario: Scenario, chance: Random) -> str:
    name = chance.choice(list(scenario.cluster.nodes))
    match chance.randrange(6):
        case 0 | 1:
            how = chance.choice(tuple(Loss))
            scenario.lose_node(name, how)
            return f"lose {name}: {how.value}"
        case 2 | 3:
            scenario.return_node(name)
            return f"return {name}"
        case number:
            scenario.drain(name, drained=number == 4)
            return f"drain {name} {number == 4}"


def _partition(scenario: Scenario, chance: Random) -> str:
    name, up = chance.choice(("main", "gpu")), chance.random() < 0.7
    scenario.set_partition(name, up=up)
    return f"partition {name} up={up}"


def _age(scenario: Scenario, chance: Random) -> str:
    del chance
    scenario.age_out()
    return "age out"


def _accounting(scenario: Scenario, chance: Random) -> str:
    scenario.slurm.accounting = chance.random() < 0.5
    return f"accounting {scenario.slurm.accounting}"


def _clock(scenario: Scenario, chance: Random) -> str:
    scenario.ahead = chance.choice((-3600, 0, 0, 5, 3600))
    return f"clock ahead by {scenario.ahead}"


def _touch(scenario: Scenario, chance: Random) -> str:
    index, what = chance.randrange(50), chance.choice(TOUCHES)
    scenario.touch(index, what)
    return f"by hand: {what} {index}"


def _foreign(scenario: Scenario, chance: Random) -> str:
    name = f"{chance.choice(NAMES)}.{chance.randrange(2)}"
    service, _, number = name.partition(".")
    theirs = marks.write(Mark("others", service, int(number), "0123456789abcdef"))
    ours = marks.write(Mark("factory", service, int(number), "0123456789abcdef"))
    match chance.randrange(3):
        case 0:
            scenario.add_foreign(name, theirs)
        case 1:
            scenario.add_foreign(f"{name}-copy", ours)
        case _:
            scenario.add_foreign("other", ours)
    return f"foreign {name}"


_EVENTS: dict[Callable[[Scenario, Random], str], float] = {
    _turn: 45,
    _wait: 25,
    _kill: 1.5,
    _another: 0.5,
    _change: 3,
    _alter: 4,
    _add: 2,
    _spoil: 1,
    _remove: 1,
    _leave: 0.3,
    _git: 0.6,
    _controller: 2,
    _node: 2.5,
    _partition: 0.6,
    _age: 1,
    _accounting: 0.3,
    _clock: 0.3,
    _touch: 6,
    _foreign: 0.7,
}
