"""The story of one service, and the history of its verdicts: /services/{name}/explain and /history."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from heapq import merge

from fastapi import FastAPI

from reconciler.board import Board
from reconciler.explain import tell
from reconciler.shapes.status import ChangeShape
from reconciler.shapes.story import LastLines, StoryShape
from reconciler.web.problems import problems
from reconciler.web.reads.known import Known


def add_story(app: FastAPI, board: Board, clock: Callable[[], datetime], known: Known, output: LastLines) -> None:
    """Add the pages. Each answers 404 for a name that nobody knows, with the names that are near."""

    @app.get("/services/{name}/explain", tags=["services"], summary="The story of a service", responses=problems(404))
    def explain(name: str) -> list[StoryShape]:
        """Why one service is as it is, what comes next and what can be done; on each target that knows it."""
        stories = tell(known(name), board.views(), name, clock())
        return [StoryShape.of(story, output, board.history(name, story.line.target)) for story in stories]

    @app.get("/services/{name}/history", tags=["services"], summary="How a service got there", responses=problems(404))
    def history(name: str) -> list[ChangeShape]:
        """The verdicts on one service since the daemon's start, oldest first; the last hundred on each target."""
        known(name)
        on = sorted(one.target for one in board.find(name))
        stories = ([ChangeShape.of(change, target) for change in board.history(name, target)] for target in on)
        return list(merge(*stories, key=lambda change: change.at))
