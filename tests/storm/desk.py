"""What the people at the desk want: the services in Git, and since when each was last touched."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import Any

from lab.factory import Factory
from tests.storm.recipes import RECIPES, ledger, path_of, web


@dataclass(frozen=True)
class Wish:
    """One service. `spec` is what its file says beside the recipe."""

    name: str
    stateful: bool
    spec: dict[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> dict[str, str | bytes | None]:
        """Its file."""
        return (ledger if self.stateful else web)(self.name, **self.spec)

    @property
    def replicas(self) -> int:
        """How many jobs there are to be."""
        return 0 if self.spec.get("suspend") else int(self.spec.get("replicas", 1))

    def but(self, **changes: Any) -> Wish:
        """The same with other words in its file."""
        return replace(self, spec=self.spec | changes)


@dataclass(frozen=True)
class Entry:
    """One commit: when it was made, and what was wanted of each service that it touched (None: nothing any more)."""

    at: float
    sha: str
    touched: dict[str, Wish | None]


class Book:
    """All commits, in their order."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def touched_since(self, service: str, revision: str, until: float) -> bool:
        """Whether a commit after `revision` (a short id), made up to a moment, has touched a service."""
        known = [number for number, entry in enumerate(self.entries) if entry.sha.startswith(revision)]
        after = self.entries[known[-1] + 1 :] if known and revision else []
        return any(service in entry.touched and entry.at <= until for entry in after)

    def fewer_wanted(self, service: str, replica: int, begin: float, end: float) -> bool:
        """Whether at some moment between two this replica was not wanted."""
        states: list[tuple[float, Wish | None]] = [(0.0, None)]
        states += [(entry.at, entry.touched[service]) for entry in self.entries if service in entry.touched]
        ends = [at for at, _ in states[1:]] + [float("inf")]
        return any(
            (wish is None or replica >= wish.replicas) and at <= end and until >= begin
            for (at, wish), until in zip(states, ends, strict=True)
        )


class Desk:
    """Commits, and remembers all of them."""

    def __init__(self, factory: Factory) -> None:
        self._factory = factory
        self.wishes: dict[str, Wish] = {}
        self.book = Book()

    def open(self, wishes: list[Wish]) -> None:
        """The first commit with services."""
        texts = dict(RECIPES)
        for wish in wishes:
            texts |= wish.text
        self._commit(texts, {wish.name: wish for wish in wishes}, "open")

    def want(self, wish: Wish, message: str) -> None:
        """A new or another version of a service."""
        self._commit(wish.text, {wish.name: wish}, message)

    def drop(self, name: str) -> None:
        """A service is no longer wanted."""
        self._commit({path_of(name): None}, {name: None}, f"remove {name}")

    def spoil(self, name: str) -> None:
        """A bad file in the place of a service's; what is wanted stays as it was."""
        self._factory.commit({path_of(name): "spec: [\n"}, f"a bad file for {name}")

    def names(self) -> set[str]:
        """The names of all jobs that are wanted."""
        return {f"{wish.name}.{number}" for wish in self.wishes.values() for number in range(wish.replicas)}

    def _commit(self, texts: dict[str, str | bytes | None], touched: dict[str, Wish | None], message: str) -> None:
        at = time.time()
        sha = self._factory.commit(texts, f"{message}\n\nReconciler-Allow-Removals: all")
        self.book.entries.append(Entry(at, sha, touched))
        for name, wish in touched.items():
            if wish is None:
                self.wishes.pop(name, None)
            else:
                self.wishes[name] = wish
