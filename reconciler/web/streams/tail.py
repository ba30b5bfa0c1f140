"""Following what a service writes: it is read again and again, in a few threads, from where each reader is."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncGenerator, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial

from anyio import CapacityLimiter
from anyio.to_thread import run_sync

from reconciler.board import Board
from reconciler.models.output import Question
from reconciler.models.status import Status, View
from reconciler.shapes.logs import LogEndShape, LogLineShape, LogNoteShape, LogShape, Outputs, read_logs
from reconciler.web.streams.sse import block
from reconciler.web.streams.waking import BEAT, Streams

#: So many readings at the same time; seconds between two of one reader, or so many times what a reading took.
_THREADS, _PAUSE, _RESPECT = 8, 1.0, 5
#: One part of a place: the id of what writes, and where in its output.
_PLACE = re.compile(r"([A-Za-z0-9._/-]{1,200}):(\d{1,18})", re.ASCII)
#: Most characters of an identity; of more that write at once there is none, and who was cut off begins anew.
_LONGEST = 4000

Piece = LogLineShape | LogNoteShape | LogEndShape


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the newest tables knew of a service that was still there."""

    status: Status
    views: tuple[View, ...]


class Tail:
    """Reads for all who follow. For the server's loop only."""

    def __init__(self, board: Board, streams: Streams, outputs: Outputs) -> None:
        self._board = board
        self._streams = streams
        self._outputs = outputs
        self._limiter, self._once = CapacityLimiter(_THREADS), CapacityLimiter(_THREADS)

    async def read(self, name: str, question: Question) -> list[LogShape]:
        """What there is now."""
        return await run_sync(partial(self._ask, self._seen(), name, question), limiter=self._once)

    async def events(self, name: str, question: Question) -> AsyncGenerator[bytes]:
        """Server-sent events; the last one of each reading has the place from which to go on."""
        async for pieces, starts in self._follow(name, question):
            place = place_of(starts)
            for number, piece in enumerate(pieces, 1):
                yield block(piece.kind, piece.model_dump_json(), place if number == len(pieces) else "")
            if not pieces:
                yield b": still here\n\n"

    async def text(self, name: str, question: Question) -> AsyncGenerator[bytes]:
        """Lines of text, with the name of what wrote them where several do; what is no line begins with `#`."""
        writers: set[str] = set()
        async for pieces, starts in self._follow(name, question):
            writers |= starts.keys()
            if pieces:
                yield "".join(_plain(piece, named=len(writers) > 1) for piece in pieces).encode()
            if not question.follow:
                return

    async def _follow(self, name: str, question: Question) -> AsyncGenerator[tuple[list[Piece], Mapping[str, int]]]:
        """What is new, reading by reading, and the places after it; nothing new for BEAT seconds is told as well."""
        told, noted, seen = time.monotonic(), frozenset[Piece](), self._seen()
        with self._board.watching("logs"):
            while not self._streams.closing:
                gone = not self._board.find(name)
                seen = seen if gone else self._seen()
                began = time.monotonic()
                found = await run_sync(partial(self._ask, seen, name, question), limiter=self._limiter)
                question = replace(question, starts={**question.starts, **{one.id: one.next for one in found}})
                pieces, noted = _new(found, noted)
                pieces += [LogEndShape(why=f"{name} is gone: nothing of it is wanted any more")] if gone else []
                now = time.monotonic()
                if pieces or now - told > BEAT or not question.follow:
                    told = now
                    yield pieces, question.starts
                if gone or await self._streams.rest(max(_PAUSE, _RESPECT * (now - began))):
                    return

    def _seen(self) -> _Seen:
        return _Seen(self._board.status(), self._board.views())

    def _ask(self, seen: _Seen, name: str, question: Question) -> list[LogShape]:
        return read_logs(seen.status, seen.views, name, question, self._outputs)


def place_of(starts: Mapping[str, int]) -> str:
    """As a text that `starts_of` reads back."""
    text = ",".join(f"{one}:{start}" for one, start in starts.items() if _PLACE.fullmatch(f"{one}:{start}"))
    return text if len(text) <= _LONGEST else ""


def starts_of(place: str) -> dict[str, int]:
    """Where each that writes was left; what is no place is left out."""
    parts = (_PLACE.fullmatch(part) for part in place.split(","))
    return {part[1]: int(part[2]) for part in parts if part}


def _new(found: list[LogShape], noted: frozenset[Piece]) -> tuple[list[Piece], frozenset[Piece]]:
    """What is to be told of a reading; the same note twice in a row is told once."""
    pieces: list[Piece] = []
    notes = [piece for one in found for piece in _note(one)]
    for one in found:
        pieces += _lines(one)
    return pieces + [note for note in notes if note not in noted], frozenset(notes)


def _lines(one: LogShape) -> Iterator[Piece]:
    for text in one.text.split("\n") if one.text else ():
        yield LogLineShape(target=one.target, workload=one.id, replica=one.replica, text=text)


def _note(one: LogShape) -> Iterator[Piece]:
    if one.command or one.error:
        where = {"target": one.target, "workload": one.id, "replica": one.replica}
        yield LogNoteShape(**where, command=one.command, error=one.error)


def _plain(piece: Piece, *, named: bool) -> str:
    match piece:
        case LogLineShape():
            return f"[{piece.workload}] {piece.text}\n" if named else f"{piece.text}\n"
        case LogNoteShape():
            return f"# {piece.workload}: {piece.error or f'read it with your own rights: {piece.command}'}\n"
        case LogEndShape():
            return f"# {piece.why}\n"
