"""A client that follows a service: the daemon says where it is, and ten times a second it is asked something."""

from __future__ import annotations

import threading
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from lab.factory import Factory, line_of

_PAUSE = 0.1
_LOOK = 0.2
_TIMEOUT = 1.0


@dataclass(frozen=True)
class Answer:
    """One request: when it was made (seconds since the epoch), and what came back (None: it failed)."""

    at: float
    text: str | None


class Client:
    """Asks until `close`. Where the service is, is looked up five times a second, and kept while no daemon says it.

    `tell` is told in words when it answers again after it did not. `numbers`: only a number is an answer, as another
    server may have the port of one that has ended.
    """

    def __init__(
        self, factory: Factory, service: str, tell: Callable[[str], None] = lambda _: None, *, numbers: bool = False
    ) -> None:
        self._factory = factory
        self._tell = tell
        self._numbers = numbers
        self.service = service
        self._end = threading.Event()
        self._address = ""
        self.answers: list[Answer] = []
        self._threads = [
            threading.Thread(target=self._follow, name=f"follow {service}", daemon=True),
            threading.Thread(target=self._ask, name=f"ask {service}", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Ask no more."""
        self._end.set()
        for thread in self._threads:
            thread.join()

    @property
    def failed(self) -> list[float]:
        """When requests were made that failed."""
        return [answer.at for answer in self.answers if answer.text is None]

    @property
    def gaps(self) -> list[tuple[float, float]]:
        """When the service was last there before each time that it was not, and how many seconds later again."""
        answered = [(number, answer.at) for number, answer in enumerate(self.answers) if answer.text is not None]
        return [(at, later - at) for (number, at), (after, later) in pairwise(answered) if after > number + 1]

    @property
    def went_back(self) -> int:
        """How often an answer was a number that is not larger than the one before."""
        numbers = [int(answer.text) for answer in self.answers if answer.text is not None]
        return sum(later <= earlier for earlier, later in pairwise(numbers))

    def _follow(self) -> None:
        while not self._end.wait(_LOOK):
            shape = self._factory.status()
            line = line_of(shape, self.service) if shape else None
            if line and (addresses := line.endpoints.get("http")):
                self._address = addresses[0]

    def _ask(self) -> None:
        """The first request is made when the service is there."""
        there = 0.0
        while not self._end.wait(_PAUSE):
            if not self._address:
                continue
            self.answers.append(Answer(time.time(), self._answer()))
            if self.answers[-1].text is not None:
                if there and self.answers[-2].text is None:
                    self._tell(f"{self.service} answers again, after {self.answers[-1].at - there:.1f} s")
                there = self.answers[-1].at

    def _answer(self) -> str | None:
        try:
            with urllib.request.urlopen(f"http://{self._address}/", timeout=_TIMEOUT) as answer:
                text: str = answer.read().decode()
                return text if text.strip().isdigit() or not self._numbers else None
        except OSError:  # URLError is one
            return None
