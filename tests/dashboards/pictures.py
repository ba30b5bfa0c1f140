"""`python -m tests.dashboards.pictures` draws docs/pictures/*.svg from what a real Prometheus says of the story."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from dashboards.make.pages import PAGES
from dashboards.picture.draw import View, draw
from lab.monitoring import Prometheus
from tests.dashboards.store import EVENTFUL, Asked, samples, values

FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
#: What is chosen at the top of each dashboard, up to which minute it is shown, and which folded section is open.
SHOWN = {
    "reconciler-overview": ({}, 275, ""),
    "reconciler-service": ({"service": "llama-8b"}, 330, "vLLM"),
    "reconciler-slurm": ({"target": "meluxina"}, 275, ""),
    "reconciler-daemon": ({}, 355, ""),
}


def pictures(prometheus: Prometheus) -> Iterator[tuple[str, str]]:
    """Name and SVG of each picture."""
    for page in PAGES:
        chosen, minute, opened = SHOWN[page.uid]
        end = EVENTFUL + 60 * minute
        asked = Asked(prometheus, values(page, **chosen), EVENTFUL, end, 180)
        shown = {variable.title: chosen.get(variable.name, "All") for variable in page.variables}
        yield f"{page.uid}.svg", draw(page, View(asked, shown, frozenset({opened}), asked.events(page)))


def main() -> int:
    """Write all pictures."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, Prometheus(Path(folder)) as prometheus:
        prometheus.load("\n".join(samples()))
        prometheus.start()
        for name, picture in pictures(prometheus):
            (FOLDER / name).write_text(picture, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
