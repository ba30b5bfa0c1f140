"""One run of schemathesis against a running daemon, as a process of its own, and what it counted."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_CONFIG = Path(__file__).parent / "schemathesis.toml"


@dataclass(frozen=True)
class Count:
    """What came of a run. `failures` are the kinds of failures with the operations; `text` is all that it printed."""

    cases: int
    operations: int
    tested: int
    failures: tuple[str, ...]
    errors: tuple[str, ...]
    complete: bool
    text: str

    @property
    def fine(self) -> bool:
        """Whether everything was tried and nothing was wrong."""
        return self.complete and not self.failures and not self.errors


def fuzz(address: str, folder: Path, token: str, options: Sequence[str], seconds: float) -> Count:
    """Run it on the API's own description. `folder` takes its report; `token` may be empty."""
    report = folder / "report.json"
    argv = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(_CONFIG), "run", f"{address}/openapi.json"]
    argv += ["--report=json", f"--report-json-path={report}", "--no-color", *options]
    argv += ["--header", f"Authorization: Bearer {token}"] if token else []
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, timeout=seconds, check=False)
    if not report.exists():
        raise RuntimeError(f"schemathesis ended with {done.returncode}: {done.stdout[-4000:]}{done.stderr[-2000:]}")
    return _count(json.loads(report.read_text()), done.stdout)


def _count(report: dict[str, object], text: str) -> Count:
    cases, operations, failures, errors = (report[key] for key in ("test_cases", "operations", "failures", "errors"))
    assert isinstance(cases, dict)
    assert isinstance(operations, dict)
    assert isinstance(failures, list)
    assert isinstance(errors, list)
    return Count(
        cases["generated"],
        operations["selected"],
        operations["tested"],
        tuple(f"{one['title']} ({one['count']}): {', '.join(map(str, one['operations']))}" for one in failures),
        tuple(f"{one['title']} ({one['count']})" for one in errors),
        report["complete"] is True,
        text,
    )
