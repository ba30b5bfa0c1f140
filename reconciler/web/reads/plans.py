"""What will be done, and where: /plan, /targets."""

from __future__ import annotations

from typing import Annotated

from fastapi import FastAPI, Path

from reconciler.board import Board
from reconciler.shapes import plans
from reconciler.shapes.plans import PlanShape, TargetDetail
from reconciler.web.problems import problems


def add_plans(app: FastAPI, board: Board, targets: tuple[str, ...]) -> None:
    """Add the pages. `targets` are the names in the settings."""

    @app.get("/plan", tags=["plan"], summary="What the last turns decided")
    def plan() -> PlanShape:
        """What the last turn of each target decided to do, in the words of `reconciler plan`; empty when all is well.

        It is what was decided at `looked`, and done since or under way; `reconciler plan` looks anew.
        """
        return PlanShape.of(board.status(), board.views())

    @app.get("/targets", tags=["plan"], summary="List the targets")
    def list_targets() -> list[TargetDetail]:
        """Each target: whether it answers, who leads, what there is of ours; those that had no turn yet are missing."""
        return plans.list_targets(board.status())

    @app.get("/targets/{name}", tags=["plan"], summary="Show one target", responses=problems(404))
    def get_target(name: Annotated[str, Path(description="The target's name.", examples=["slurm"])]) -> TargetDetail:
        """One target."""
        return plans.get_target(board.status(), name, targets)
