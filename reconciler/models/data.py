"""Data of services as they lie on a target, and what is wanted of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class DataState(Enum):
    """What becomes of stored data; only what is KEPT or half removed already may be removed."""

    IN_USE = "in use"
    WANTED = "wanted"
    KEPT = "kept"
    REMOVING = "removing"
    UNMARKED = "unmarked"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Stored:
    """One volume of one replica: a folder, or a claim. `place` is its path, or `namespace/name`, for people.

    `replica` is None where all replicas share it. `recipe` is "" where that is not known. `used` are bytes on disk, of
    which there may be more when `partial`; `claimed` is what was asked for; None: not known. `changed` is when its
    content last changed, of a claim when it was made. `held` is "" or who holds it now, as the storage itself tells.
    `marked`: it bears our mark; one that does not is shown and never touched. `removing`: somebody began to remove it.
    `identity` is what the target knows it by.
    """

    target: str
    service: str
    replica: int | None
    volume: str
    place: str
    recipe: str = ""
    used: int | None = None
    partial: bool = False
    claimed: int | None = None
    changed: datetime | None = None
    held: str = ""
    marked: bool = True
    removing: bool = False
    identity: str = ""


@dataclass(frozen=True, slots=True)
class DataLine:
    """Stored data and what becomes of them; `why` says more about the state, "" where there is no more to say."""

    stored: Stored
    state: DataState
    why: str = ""
