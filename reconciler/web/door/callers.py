"""Who asks: what the gate found out, for the handlers."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from reconciler.errors import ForbiddenError
from reconciler.models.proposal import Caller, Role


def caller_of(request: Request) -> Caller:
    """The caller, as the gate found out. Raises ForbiddenError where there is none."""
    caller: Caller | None = getattr(request.state, "caller", None)
    if caller is None:
        raise ForbiddenError("nobody may ask this without a token; send `Authorization: Bearer …`")
    return caller


def writer_of(request: Request) -> Caller:
    """The caller, where it may propose changes. Raises ForbiddenError where it may not."""
    caller = caller_of(request)
    if caller.role is Role.READ:
        raise ForbiddenError(f"{caller.name} ({caller.through}) may read and not write; it needs the role `propose`")
    return caller


#: For handlers that write.
Writer = Annotated[Caller, Depends(writer_of)]
