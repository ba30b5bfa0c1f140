"""The storm itself: a site, what is wanted, what was recorded, and the dice; events change them, a calm ends it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from contextlib import suppress

from lab.control import ask
from lab.host import LabError
from lab.lab import Lab
from lab.slurm import CONTROLLER
from tests.e2e.world import until
from tests.faults.clock import install
from tests.faults.site import Site
from tests.storm.desk import Desk, Wish
from tests.storm.record import Life
from tests.storm.recorder import Recorder

_SHORT = {"slurm": {"time": "1m"}, "renewal": {"lead": "30s"}}
#: Twelve services: both kinds, several replicas, limits of a minute, and two that may be driven out.
SERVICES = [
    Wish("web-a", stateful=False),
    Wish("web-b", stateful=False, spec={"replicas": 3}),
    Wish("web-c", stateful=False, spec=_SHORT),
    Wish("web-d", stateful=False, spec={**_SHORT, "replicas": 2}),
    Wish("web-e", stateful=False, spec={"slurm": {"partition": "low"}}),
    Wish("web-f", stateful=False, spec={"slurm": {"partition": "scavenge"}}),
    Wish("data-a", stateful=True),
    Wish("data-b", stateful=True, spec={"replicas": 2}),
    Wish("data-c", stateful=True, spec=_SHORT),
    Wish("data-d", stateful=True, spec=_SHORT),
    Wish("data-e", stateful=True, spec={"slurm": {"partition": "low"}}),
    Wish("data-f", stateful=True, spec={"slurm": {"partition": "scavenge"}}),
]


class Storm:
    """All that an event may touch. `dark`: nodes without power; `kills`: of daemons; `story`: what jobs did."""

    def __init__(self, lab: Lab, seed: int) -> None:
        self.dice = random.Random(seed)
        self.site = Site(lab, timeout="4s")
        self.desk = Desk(self.site)
        self.story: list[tuple[float, str]] = []
        self.recorder = Recorder(lab.slurm, lambda said: self.story.append((time.time(), said)))
        self.kills = 0
        self.dark: set[str] = set()
        self._later: list[tuple[float, Callable[[], None]]] = []

    def begin(self) -> None:
        """All services run."""
        install(self.site)
        self.desk.open(SERVICES)
        self.site.start()
        self.site.wait_healthy([wish.name for wish in SERVICES], 90)

    def command(self, *argv: str) -> None:
        """A command of somebody else: one that is refused (the job has just ended) changes nothing."""
        with suppress(LabError):
            self.site.slurm.command(*argv)

    def admin(self, *argv: str) -> None:
        """As `command`, of the site's people."""
        with suppress(LabError):
            self.site.slurm.admin(*argv)

    def kill_daemon(self) -> None:
        """kill -9; whoever has this done starts it again."""
        self.kills += 1
        self.site.kill()

    def a_job(self, *states: str) -> Life | None:
        """One of our living jobs in one of these states."""
        present = self.recorder.record.present.values()
        jobs = sorted((life for life in present if life.state in states and life.mark), key=lambda life: life.id)
        return self.dice.choice(jobs) if jobs else None

    def a_wish(self) -> Wish:
        """One of the services that are wanted."""
        return self.desk.wishes[self.dice.choice(sorted(self.desk.wishes))]

    def later(self, seconds: float, do: Callable[[], None]) -> None:
        """Have something done after a while, between two events."""
        self._later.append((time.monotonic() + seconds, do))

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

    def tend(self) -> bool:
        """What the site's people do: start slurmctld when it has given up; whether that was needed.

        After a kill -9 it may find a job without its script in its state, which it calls fatal (slurmctld(8), -i).
        """
        slurm = self.site.slurm
        if slurm.answers():
            return False
        self.recorder.record.doubt()
        ask(slurm.run, "start", CONTROLLER, "-i")
        until("slurmctld answers again", slurm.answers)
        return True

    def calm(self) -> None:
        """Everything that was broken is put right, now."""
        due, self._later = self._later, []
        for _, do in due:
            do()

    def close(self) -> None:
        """End everything of the storm."""
        self.recorder.close()
        self.site.clear()
