"""A line in the log for what was denied; many at once do not fill it."""

from __future__ import annotations

import logging
from collections.abc import Callable

from reconciler.models.proposal import Caller
from reconciler.web.door.rates import Rates, group

_log = logging.getLogger("reconciler.audit")
#: Lines in a minute for one address, and for all.
_EACH, _ALL = 10, 60


class Audit:
    """For the server's loop. `clock` gives seconds that never go back."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._each = Rates(_EACH, clock)
        self._all = Rates(_ALL, clock)
        self._hidden = 0

    def denied(self, caller: Caller | None, peer: str, request: str, reason: str, words: str) -> None:
        """Somebody was not let in. `caller` is None where it is not known who that was."""
        if not (self._each.hit(group(peer)).allowed and self._all.hit("").allowed):
            self._hidden += 1
            return
        more, self._hidden = f" ({self._hidden} more since the last line)" if self._hidden else "", 0
        extra = {"reason": reason} | ({"caller": caller.name, "through": caller.through} if caller else {})
        _log.info("denied %s from %s: %s%s", request[:300], peer, words, more, extra=extra)
