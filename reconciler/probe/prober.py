"""The prober: one thread with an event loop that asks every watched instance when it is due."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from reconciler.models.probe import Probed, Probing
from reconciler.probe.ledger import Ledger
from reconciler.probe.rounds import Rounds, Tell

_log = logging.getLogger("reconciler.probe")

#: Seconds that the beginning and the end may take at most; nothing is waited for in them.
_PATIENCE = 2.0


class Prober:
    """Implements `ports.Prober` with one thread, and some more to look up names.

    At most `parallel` probes are under way on each target, so that one where nothing answers delays no other. `clock`
    gives the wall clock's time. `tell` is called after each probe, from the prober's thread, with the target, the
    seconds that it took and whether the answer was good. Instances whose probe is a command are ignored: commands run
    only beside the service, inside of its job or pod.
    """

    def __init__(
        self,
        parallel: int,
        clock: Callable[[], datetime],
        tell: Tell = lambda _target, _seconds, _good: None,
    ) -> None:
        self._ledger = Ledger(clock)
        self._wanted: dict[str, dict[str, Probing]] = {}
        self._lock = threading.Lock()
        self._dropped: Counter[str] = Counter()
        self._settings = parallel, clock, tell
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._rounds: Rounds | None = None
        self._stop: asyncio.Event | None = None

    def watch(self, target: str, instances: Iterable[Probing]) -> None:
        """From now on probe just these on a target, spread over their intervals; what goes on keeps its results.

        One that is known by its key and says another place or another probe is probed there from its next turn on. A
        later `since` means that it was started anew, and all that was known of it is forgotten.
        """
        wanted = {one.key: one for one in instances if one.probe.exec is None}
        with self._lock:
            before = self._wanted.get(target, {})
            if before == wanted:
                return
            self._wanted[target] = wanted
        self._ledger.drop(target, before.keys() - wanted.keys())
        self._post()

    def results(self, target: str) -> Mapping[str, Probed]:
        """What is known now, by `Probing.key`; those without an answer yet are missing."""
        return self._ledger.read(target)

    @property
    def dropped(self) -> Mapping[str, int]:
        """How many probes of each target were left out since the start, because too many were under way."""
        return dict(self._dropped)

    def start(self, bell: Callable[[str], None]) -> None:
        """Begin; `bell` is rung with a target's name when something there changed. Returns when the loop runs."""
        running = threading.Event()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve(bell, running)), name="prober", daemon=True
        )
        self._thread.start()
        running.wait(_PATIENCE)

    def close(self) -> None:
        """Stop; probes under way are given up."""
        if self._thread is None or self._loop is None or self._stop is None:
            return
        if self._thread.is_alive():
            try:
                self._loop.call_soon_threadsafe(self._stop.set)
            except RuntimeError:
                return  # it has ended already
        self._thread.join(_PATIENCE)

    async def _serve(self, bell: Callable[[str], None], running: threading.Event) -> None:
        parallel, clock, tell = self._settings
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self._rounds = Rounds(self._ledger, parallel, clock, tell, bell, self._dropped)
        self._sync()
        running.set()
        try:
            await self._stop.wait()
        finally:
            await self._rounds.close()

    def _post(self) -> None:
        """Have the loop take over what is wanted."""
        if self._loop is None:
            return
        try:
            self._loop.call_soon_threadsafe(self._sync)
        except RuntimeError:
            _log.debug("the prober has ended; nothing is probed any more")

    def _sync(self) -> None:
        with self._lock:
            wanted = dict(self._wanted)
        if self._rounds:
            for target, instances in wanted.items():
                self._rounds.watch(target, instances)
