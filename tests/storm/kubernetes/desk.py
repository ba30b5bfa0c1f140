"""What the people at the desk want: the services in Git, and what was wanted of each at any moment."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from lab.factory import Factory
from tests.faults.kubernetes.cloud import Texts, path_of, texts
from tests.faults.kubernetes.recipes import RECIPES

#: What a service of each recipe is made of; `{}` is its name.
_PARTS = {
    "web": ("ConfigMap/{}", "Service/{}", "Deployment/{}"),
    "ledger": ("ConfigMap/{}", "Service/{}", "Service/{}-nodes", "StatefulSet/{}"),
}
_LEAVE = "Reconciler-Allow-Removals: all"


@dataclass(frozen=True)
class Wish:
    """One service. `spec` is what its file says beside the recipe."""

    name: str
    recipe: str
    spec: dict[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> Texts:
        """Its file."""
        return texts(self.name, recipe=self.recipe, **self.spec)

    @property
    def parts(self) -> frozenset[str]:
        """`Kind/name` of what it is made of now: nothing while it is suspended."""
        return frozenset(() if self.spec.get("suspend") else (part.format(self.name) for part in _PARTS[self.recipe]))

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of its parts."""
        return frozenset(part.partition("/")[0] for part in self.parts)

    @property
    def replicas(self) -> int:
        """How many pods there are to be."""
        return int(self.spec.get("replicas", 0))

    @property
    def greeting(self) -> str:
        """What its ConfigMap says."""
        return str(self.spec.get("config", {}).get("greeting", "hello"))

    def but(self, **changes: Any) -> Wish:
        """The same with other words in its file."""
        return replace(self, spec=self.spec | changes)


class Book:
    """What was wanted of each service (None: nothing), from when on."""

    def __init__(self) -> None:
        self._entries: list[tuple[float, str, Wish | None]] = []

    def write(self, at: float, name: str, wish: Wish | None) -> None:
        """From a moment on (seconds since the epoch) this is wanted."""
        self._entries.append((at, name, wish))

    def names(self) -> set[str]:
        """All services that were ever wanted."""
        return {name for _, name, _ in self._entries}

    def wanted(self, name: str, begin: float, end: float) -> Iterator[Wish | None]:
        """All that was wanted of a service at any moment between two."""
        states: list[tuple[float, Wish | None]] = [(0.0, None)]
        states += [(at, wish) for at, one, wish in self._entries if one == name]
        ends = [at for at, _ in states[1:]] + [float("inf")]
        for (at, wish), until in zip(states, ends, strict=True):
            if at <= end and until >= begin:
                yield wish


class Desk:
    """Commits, and remembers what is wanted. `held`: services whose files vanished without leave."""

    def __init__(self, factory: Factory) -> None:
        self._factory = factory
        self.wishes: dict[str, Wish] = {}
        self.book = Book()
        self.held: frozenset[str] = frozenset()

    def open(self, wishes: list[Wish]) -> None:
        """The first commit with services."""
        self._factory.commit(dict(RECIPES), "recipes")
        self._put(*wishes, message="open")

    def want(self, wish: Wish, message: str) -> None:
        """A new or another version of a service."""
        self._put(wish, message=message)

    def drop(self, *names: str) -> None:
        """Services are no longer wanted, and may be removed."""
        at = time.time()
        self._factory.commit({path_of(name): None for name in names}, f"remove {', '.join(names)}\n\n{_LEAVE}")
        for name in names:
            self.wishes.pop(name)
            self.book.write(at, name, None)

    def lose(self, names: list[str]) -> None:
        """Files vanish without leave, too many of them to be true: their services stay wanted."""
        self._factory.commit({path_of(name): None for name in names}, "an accident")
        self.held = frozenset(names)

    def mend(self) -> None:
        """All files of wanted services are as they should be."""
        files: Texts = {}
        for wish in self.wishes.values():
            files |= wish.text
        self._factory.commit(files, "as it should be")
        self.held = frozenset()

    def spoil(self, name: str) -> None:
        """A bad file in the place of a service's; what is wanted stays as it was."""
        self._factory.commit({path_of(name): "spec: [\n"}, f"a bad file for {name}")

    def _put(self, *wishes: Wish, message: str) -> None:
        at, files = time.time(), Texts()
        for wish in wishes:
            files |= wish.text
        self._factory.commit(files, message)
        for wish in wishes:
            self.wishes[wish.name] = wish
            self.book.write(at, wish.name, wish)
