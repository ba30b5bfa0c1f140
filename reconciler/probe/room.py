"""Who may be asked now, on one target: a bounded number, and who is known to answer does not wait for the others."""

from __future__ import annotations

from collections import deque

from reconciler.probe.watched import Watched


class Room:
    """Has `size` places. Those that may let a probe wait have half of them; who finds none free waits in a line."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._half = max(1, size // 2)
        self._slow = 0
        self._lines: dict[bool, deque[Watched]] = {True: deque(), False: deque()}
        self.under_way = 0

    def enter(self, one: Watched) -> bool:
        """Whether it may begin now; otherwise it waits until `leave` returns it."""
        if self._lines[one.quick] or not self._fits(quick=one.quick):
            self._lines[one.quick].append(one)
            return False
        self._take(quick=one.quick)
        return True

    def leave(self, *, quick: bool) -> Watched | None:
        """One that was `quick` when it entered has ended; who begins instead of it."""
        self.under_way -= 1
        self._slow -= not quick
        for lane, line in self._lines.items():
            while line and line[0].stopped:
                line.popleft()
            if line and self._fits(quick=lane):
                self._take(quick=lane)
                return line.popleft()
        return None

    def _fits(self, *, quick: bool) -> bool:
        return self.under_way < self._size and (quick or self._slow < self._half)

    def _take(self, *, quick: bool) -> None:
        self.under_way += 1
        self._slow += not quick
