"""Following the journal: each follower has a place in it and nothing else, so that a slow one holds no memory."""

from __future__ import annotations

import asyncio
import fnmatch
import re
import secrets
from collections import OrderedDict
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

from reconciler.board import Board, in_force, reached
from reconciler.models.event import Event, InForce, Proposed, Reached, Turned, Vanished, What
from reconciler.models.status import Status
from reconciler.shapes.events import EventKind, EventShape, ResetEvent, ServiceEvent, event_of, revision_of, target_of
from reconciler.web.streams.sse import block
from reconciler.web.streams.waking import BEAT, Streams

#: Milliseconds after which a client asks again when it was cut off.
_RETRY = 2000
#: Most events of one piece.
_PIECE = 200
#: So many pieces, events and whole pictures are kept encoded, for those who read the same.
_PIECES, _ENCODED, _PICTURES = 16, 1024, 2

_K = TypeVar("_K")
_V = TypeVar("_V")

BEGIN = "asked for"
_OTHER = "these events are of another run of the daemon, which forgets them when it ends"
_LATE = "events that are due were forgotten: too many came since"


@dataclass(frozen=True, slots=True)
class Choice:
    """Which events are wanted: of services and targets by patterns of names, and of which kinds; () is all.

    What is about no service (or no target) is left out where one is asked for, unless its kind is named.
    """

    services: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    kinds: tuple[EventKind, ...] = ()

    def takes(self, kind: EventKind, service: str | None, target: str | None) -> bool:
        """Whether an event of a kind is wanted, about this service and this target (None: about none)."""
        if self.kinds and kind not in self.kinds:
            return False
        return self._about(service, self.services) and self._about(target, self.targets)

    def _about(self, name: str | None, patterns: tuple[str, ...]) -> bool:
        if not patterns:
            return True
        return bool(self.kinds) if name is None else bool(_pattern(patterns).fullmatch(name))


class Follower:
    """Writes the journal for those who follow it; what many read alike is encoded once. For the server's loop only.

    `beat`: seconds without news until a comment keeps the connection.
    """

    def __init__(self, board: Board, streams: Streams, beat: float = BEAT) -> None:
        self._board = board
        self._streams = streams
        self._beat = beat
        self._epoch = secrets.token_hex(4)
        self._pieces: OrderedDict[tuple[Choice, int, int], tuple[bytes, int]] = OrderedDict()
        self._encoded: OrderedDict[int, bytes] = OrderedDict()
        self._pictures: OrderedDict[Choice, tuple[Status, list[bytes]]] = OrderedDict()
        self._drawing = asyncio.Lock()

    def place(self, identity: str) -> int | str:
        """Where `identity`, the last event that somebody saw, is in the journal; or why they must begin anew."""
        epoch, _, number = identity.rpartition("-")
        if epoch != self._epoch or not (number.isascii() and number.isdecimal() and len(number) <= 18):
            return _OTHER
        return int(number)

    def here(self) -> int:
        """The place after everything that has happened."""
        return self._board.journal.last

    async def follow(self, choice: Choice, place: int | str) -> AsyncGenerator[bytes]:
        """All that happens after a place, in order; a text is why the whole picture comes first."""
        number, why = (0, place) if isinstance(place, str) else (place, "")
        with self._board.watching("events"):
            yield f"retry: {_RETRY}\n".encode() + (b"\n" if why else self._mark(number))
            while not self._streams.closing:
                if why:
                    async with self._drawing:
                        number, parts = await asyncio.to_thread(self._picture, choice, why)
                    for part in parts:
                        yield part
                async with aclosing(self._live(choice, number)) as live:
                    async for part in live:
                        yield part
                why = _LATE

    async def _live(self, choice: Choice, place: int) -> AsyncGenerator[bytes]:
        """What comes after a place; it ends with the daemon, or when something of it is forgotten."""
        told = place
        while not self._streams.closing:
            tick = self._streams.tick()
            found = self._piece(choice, place)
            if found is None:
                return
            text, place = found
            if text:
                told = place
                yield text
            elif place < self.here():
                await asyncio.sleep(0)  # what nobody here wants is passed over without holding up the others
            elif not await self._streams.wait(tick, self._beat):
                yield b": still here\n" + (self._mark(place) if place != told else b"\n")
                told = place

    def _mark(self, place: int) -> bytes:
        """No event, only the place from which one who is cut off goes on."""
        return f"id: {self._epoch}-{place}\n\n".encode()

    def _piece(self, choice: Choice, place: int) -> tuple[bytes, int] | None:
        """What comes after a place, and the place after that; None where something of it is forgotten."""
        key = (choice, place, self.here())
        known = self._pieces.get(key)
        if known is None:
            events = self._board.journal.since(place, _PIECE)
            if events is None:
                return None
            wanted = (self._text(one) for one in events if choice.takes(*_about(one.what)))
            known = b"".join(wanted), events[-1].number if events else place
            _keep(self._pieces, key, known, _PIECES)
        return known

    def _text(self, event: Event) -> bytes:
        known = self._encoded.get(event.number)
        if known is None:
            known = self._block(event_of(event), event.number)
            _keep(self._encoded, event.number, known, _ENCODED)
        return known

    def _block(self, shape: EventShape, number: int | None = None) -> bytes:
        return block(shape.kind, shape.model_dump_json(), "" if number is None else f"{self._epoch}-{number}")

    def _picture(self, choice: Choice, why: str) -> tuple[int, Iterator[bytes]]:
        """Everything as it stands, in parts, and the place after it. Only the end of it has an identity."""
        moment = self._board.moment()
        known = self._pictures.get(choice)
        if known is None or known[0] is not moment.status:
            known = moment.status, [*map(self._block, _all(moment.status, choice))]
            _keep(self._pictures, choice, known, _PICTURES)
        blocks = known[1]
        reset = self._block(ResetEvent(why=why, events=len(blocks)))
        return moment.number, self._parts(reset, blocks, moment.number)

    def _parts(self, reset: bytes, blocks: list[bytes], number: int) -> Iterator[bytes]:
        identity = f"id: {self._epoch}-{number}\n".encode()
        if not blocks:
            yield identity + reset
            return
        yield reset
        for begin in range(0, len(blocks) - 1, _PIECE):
            yield b"".join(blocks[begin : min(begin + _PIECE, len(blocks) - 1)])
        yield identity + blocks[-1]


def _all(status: Status, choice: Choice) -> Iterator[EventShape]:
    """The whole picture: the repository, the targets, the services."""
    if choice.takes("revision", None, None):
        yield revision_of(in_force(status.source), status.source.fetched)
    for target in status.targets.values():
        if choice.takes("target", None, target.target):
            yield target_of(reached(target), target.looked)
    for line in status.services:
        if choice.takes("service", line.service, line.target):
            yield ServiceEvent.of(line, line.since)


def _about(what: What) -> tuple[EventKind, str | None, str | None]:
    """The kind of an event, and the service and the target that it is about."""
    match what:
        case Turned(line):
            return "service", line.service, line.target
        case Vanished(service, target):
            return "removed", service, target
        case InForce():
            return "revision", None, None
        case Reached(target):
            return "target", None, target
        case Proposed(accepted=accepted):
            return "proposal", accepted.service, None


def _keep(kept: OrderedDict[_K, _V], key: _K, value: _V, most: int) -> None:
    kept[key] = value
    while len(kept) > most:
        kept.popitem(last=False)


@lru_cache(maxsize=1024)
def _pattern(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(map(fnmatch.translate, patterns)))
