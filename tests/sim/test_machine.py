"""The events of the walk in an order that hypothesis looks for, and shortens when a rule breaks."""

from __future__ import annotations

import logging
from random import Random

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.sim.calm import calm
from tests.sim.faults import Fault
from tests.sim.scenario import NAMES, TOUCHES, Scenario, draw_from, new_spec
from tests.sim.site import Loss

_LOG = logging.getLogger("reconciler")
names = st.sampled_from(NAMES)
nodes = st.sampled_from(("n1", "n2", "n3", "n4"))


class Machine(RuleBasedStateMachine):
    """Everything may happen at any time; at the end all is mended, and all has to become well."""

    @initialize(seed=st.integers(0, 2**16))
    def begin(self, seed: int) -> None:
        self.level = _LOG.level
        _LOG.setLevel(logging.CRITICAL + 1)
        self.chance = Random(seed)
        self.scenario = Scenario(draw_from(self.chance))

    @rule(faults=st.dictionaries(st.integers(0, 5), st.sampled_from(Fault), max_size=2), delay=st.integers(1, 25))
    def turn(self, faults: dict[int, Fault], delay: int) -> None:
        self.scenario.turn(faults, delay)

    @rule(seconds=st.sampled_from((1, 5, 30, 120, 600)))
    def wait(self, seconds: int) -> None:
        self.scenario.wait(seconds)

    @rule()
    def kill(self) -> None:
        self.scenario.kill()

    @rule()
    def another(self) -> None:
        self.scenario.turn_of_another()

    @rule(name=names, broken=st.booleans())
    def change(self, name: str, *, broken: bool) -> None:
        self.scenario.change(name, broken=broken)

    @rule(name=names, replicas=st.integers(1, 3), time=st.sampled_from(("", "5m", "1h")), suspend=st.booleans())
    def alter(self, name: str, replicas: int, time: str, *, suspend: bool) -> None:
        self.scenario.alter(name, replicas=replicas, time=time, suspend=suspend)

    @rule(name=names)
    def add(self, name: str) -> None:
        if name not in self.scenario.truth.wanted:
            self.scenario.want(name, new_spec(name))

    @rule(name=names)
    def spoil(self, name: str) -> None:
        self.scenario.spoil(name)

    @rule(some=st.lists(names, min_size=1, unique=True), leave=st.booleans())
    def remove(self, some: list[str], *, leave: bool) -> None:
        self.scenario.remove(*some, leave=leave)

    @rule(name=nodes, how=st.sampled_from(Loss))
    def lose_node(self, name: str, how: Loss) -> None:
        self.scenario.lose_node(name, how)

    @rule(name=nodes)
    def return_node(self, name: str) -> None:
        self.scenario.return_node(name)

    @rule(up=st.booleans())
    def controller(self, *, up: bool) -> None:
        if up:
            self.scenario.start_controller()
        else:
            self.scenario.stop_controller()

    @rule()
    def lose_state(self) -> None:
        self.scenario.lose_state()

    @rule(index=st.integers(0, 9), what=st.sampled_from(TOUCHES))
    def touch(self, index: int, what: str) -> None:
        self.scenario.touch(index, what)

    @invariant()
    def no_data_is_used_twice(self) -> None:
        if hasattr(self, "scenario"):
            self.scenario.rules.check_data()

    def teardown(self) -> None:
        if hasattr(self, "scenario"):
            try:
                calm(self.scenario, self.chance)
            finally:
                self.scenario.daemon.close()
                _LOG.setLevel(self.level)


TestMachine = Machine.TestCase
TestMachine.settings = settings(max_examples=100, stateful_step_count=40, deadline=None, derandomize=True)
