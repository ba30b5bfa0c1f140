"""All stories of a stand at once, each in a thread; a test is the end of one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from tests.recipes.report import Report
from tests.recipes.stories.databases import postgresql
from tests.recipes.stories.models import triton, triton_empty
from tests.recipes.stories.stand import Stand
from tests.recipes.stories.stores import minio, seaweedfs
from tests.recipes.stories.vectors import chroma, faiss_server

#: What every platform tells: committed, used, killed, found again, changed by a commit.
STORIES: list[Callable[[Stand], Report]] = [postgresql, chroma, faiss_server, triton, minio, seaweedfs]

AStand = TypeVar("AStand", bound=Stand)
Told = dict[str, Future[Report | None]]


@contextmanager
def telling(stand: AStand, *more: Callable[[AStand], None]) -> Iterator[Told]:
    """Begin all stories and some more of the stand's own, and leave nothing behind."""
    told: Sequence[Callable[[AStand], Report | None]] = [*STORIES, triton_empty, *more]
    try:
        with ThreadPoolExecutor(len(told)) as pool:
            begun = {story.__name__: pool.submit(story, stand) for story in told}
            stand.factory.start()
            yield begun
    finally:
        stand.close()
