"""`python -m dashboards.make` writes the dashboards; `--check` says which differ from the code (exit 1)."""

from __future__ import annotations

import sys
from pathlib import Path

from dashboards.make.grafana import text
from dashboards.make.pages import PAGES

FOLDER = Path(__file__).parents[1]


def main() -> int:
    """Write or check all files."""
    wanted = {FOLDER / page.file: text(page) for page in PAGES}
    stale = [path for path, content in wanted.items() if not path.exists() or path.read_text("utf-8") != content]
    if "--check" in sys.argv:
        for path in stale:
            sys.stderr.write(f"{path.name} is out of date: run `make dashboards`\n")
        return 1 if stale else 0
    for path in stale:
        path.write_text(wanted[path], "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
