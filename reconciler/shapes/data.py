"""Stored data as programs read it (`reconciler data list -o json`)."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from reconciler.models.data import DataLine
from reconciler.models.text import visible


class DataShape(BaseModel):
    """One volume of one replica. Sizes are in bytes; null: not known."""

    model_config = ConfigDict(frozen=True)

    target: str
    service: str
    replica: int | None = Field(description="null: all replicas share it.")
    volume: str
    recipe: str = Field(description="Empty: not known.")
    used: int | None = Field(description="On disk.")
    partial: bool = Field(description="It is larger: time was up before all of it was seen.")
    claimed: int | None = Field(description="What the claim asks for.")
    changed: datetime | None = Field(description="When its content last changed; of a claim, when it was made.")
    state: str = Field(description="`in use`, `wanted`, `kept`, `removing`, `unmarked` or `unknown`.")
    why: str
    place: str = Field(description="The folder, or namespace/name of the claim.")

    @classmethod
    def of(cls, line: DataLine) -> DataShape:
        """From the judged data."""
        one = line.stored
        return cls(
            target=one.target,
            service=one.service,
            replica=one.replica,
            volume=visible(one.volume),
            recipe=one.recipe,
            used=one.used,
            partial=one.partial,
            claimed=one.claimed,
            changed=one.changed,
            state=line.state.value,
            why=visible(line.why),
            place=visible(one.place),
        )
