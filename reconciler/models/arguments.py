"""Arguments of a recipe's programs: texts, and texts that are there only for some services."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

from reconciler.models.model import Model
from reconciler.models.units import CONDITION, Line


class When(Model):
    """Arguments that are there only when a parameter is set (not null, false, 0 or empty)."""

    when: Annotated[str, StringConstraints(pattern=CONDITION)]
    args: tuple[Line, ...]


Argument = Line | When
