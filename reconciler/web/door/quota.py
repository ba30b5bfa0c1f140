"""How much one caller may ask for in a minute, and how that is told."""

from __future__ import annotations

import math
from collections.abc import Callable

from reconciler.models.proposal import Caller
from reconciler.settings import RequestLimits
from reconciler.shapes import problem
from reconciler.web.door.rates import WINDOW, Count, Rates, group
from reconciler.web.door.refusal import RefusalError


class Quota:
    """For the server's loop. `clock` gives seconds that never go back."""

    def __init__(self, limits: RequestLimits, clock: Callable[[], float]) -> None:
        self._reads = Rates(limits.reads, clock)
        self._writes = Rates(limits.writes, clock)
        self._failures = Rates(limits.failures, clock)

    def take(self, caller: Caller, peer: str, *, writes: bool, scrape: bool = False) -> dict[str, str]:
        """One request of a caller; gives headers for the answer. Raises RefusalError (429) when it is one too many.

        Scrapes are counted apart from what else is read, so that no busy notebook on the same machine stops them.
        The daemon's own user, who comes over the socket, may ask as much as it likes: it could end the daemon as well.
        """
        if caller.through == "socket":
            return {}
        rates, what = (self._writes, "writes") if writes else (self._reads, "reads")
        named = caller.through in {"token", "oidc"}
        count = rates.hit(f"{'scrape ' * scrape}{caller.through} {caller.name if named else group(peer)}")
        if not count.allowed:
            words = f"more than {rates.limit} {what} in a minute (http.limits.{what})"
            raise _too_many("rate", words, rates.limit, count)
        return _headers(rates.limit, count)

    def fail(self, peer: str) -> None:
        """One wrong token from an address. Raises RefusalError (429) after too many of them.

        A good token is let in all the same: a proxy's address is that of everybody behind it, and nobody guesses 256
        random bits. What is spared is the work of telling each wrong one why.
        """
        count = self._failures.hit(group(peer))
        if not count.allowed:
            words = f"more than {self._failures.limit} wrong tokens in a minute (http.limits.failures)"
            raise _too_many("failures", words, self._failures.limit, count)


def _headers(limit: int, count: Count) -> dict[str, str]:
    reset = math.ceil(count.wait or WINDOW)
    return {"RateLimit-Limit": str(limit), "RateLimit-Remaining": str(count.left), "RateLimit-Reset": str(reset)}


def _too_many(reason: str, words: str, limit: int, count: Count) -> RefusalError:
    after = {"Retry-After": str(max(1, math.ceil(count.wait)))}
    return RefusalError(problem.TOO_MANY, reason, words, _headers(limit, count) | after)
