"""A thread that asks squeue four times a second, and keeps a record of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress

from lab.host import LabError
from lab.slurm import SlurmFacts
from tests.storm.record import FORMAT, Record

_PAUSE = 0.25


class Recorder:
    """Records until `close`; `tell` is told of each change in words."""

    def __init__(self, slurm: SlurmFacts, tell: Callable[[str], None] = lambda _: None) -> None:
        self.record = Record(tell)
        self._slurm = slurm
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Look no more."""
        self._end.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._end.wait(_PAUSE):
            with suppress(LabError):  # the controller is away
                text = self._slurm.command("squeue", "--noheader", "--states=all", f"--format={FORMAT}")
                self.record.look(text, time.time())
