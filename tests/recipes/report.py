"""What was seen of the recipes on real parts, one file of JSON for each service, platform and runtime.

The files are kept in `reports/` beside this one; tests write them only with RECONCILER_RECORD=1 in the environment, so
that a run of them changes nothing.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "reports"


@dataclass(frozen=True)
class Report:
    """A service that was used, killed and used again.

    `platform`: slurm, kubernetes. `runtime`: none, apptainer, containerd. `version`: the server's, as it says itself.
    `operations`: what its client did, in order. `recovery`: seconds from the SIGKILL of the server to the client's next
    good answer. `kept`: what the client found again after it. `changed`: the parameter that was changed by a commit.
    """

    service: str
    platform: str
    runtime: str
    version: str
    operations: tuple[str, ...]
    recovery: float
    kept: str
    changed: str

    @property
    def path(self) -> Path:
        """Where it is kept."""
        return FOLDER / f"{self.platform}-{self.runtime}-{self.service}.json"


def record(report: Report) -> None:
    """Keep a report, when that is wanted."""
    if os.environ.get("RECONCILER_RECORD") == "1":
        FOLDER.mkdir(exist_ok=True)
        content = {**asdict(report), "recovery": round(report.recovery, 1)}
        report.path.write_text(json.dumps(content, indent=2) + "\n")


def reports() -> list[Report]:
    """Everything that was kept, by service, platform and runtime."""
    contents = [json.loads(path.read_text()) for path in FOLDER.glob("*.json")]
    made = [Report(**{**content, "operations": tuple(content["operations"])}) for content in contents]
    return sorted(made, key=lambda one: (one.service, one.platform, one.runtime))
