"""What a keeper tells about its lab: `facts.json` in the lab's folder, always whole, written anew at each change."""

from __future__ import annotations

import json
import threading
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import TypeAdapter

from lab.host import LabError

Facts = TypeVar("Facts")
PartState = Literal["starting", "ready", "failed"]
PartName = Literal["slurm", "kubernetes"]


@dataclass(frozen=True, slots=True)
class PartReport:
    """How far one part is. `progress`: one line for people; of a failed part the reason. `facts`: once ready."""

    state: PartState = "starting"
    progress: str = "starting"
    facts: dict[str, Any] = field(default_factory=dict)


class Report:
    """The keeper's side: what each part says of itself. Safe to use from several threads."""

    def __init__(self, folder: Path, parts: list[PartName]) -> None:
        self._path = folder / "facts.json"
        self._parts = {part: PartReport() for part in parts}
        self._lock = threading.Lock()
        self._save()

    def progress(self, part: PartName, line: str) -> None:
        """A part has come further."""
        self._set(part, PartReport(progress=line))

    def ready(self, part: PartName, facts: object) -> None:
        """A part is up; `facts` is a dataclass that its users get again by `facts_as`."""
        text = TypeAdapter(type(facts)).dump_python(facts, mode="json")
        self._set(part, PartReport("ready", "ready", text))

    def failed(self, part: PartName, reason: str) -> None:
        """A part cannot run."""
        self._set(part, PartReport("failed", reason))

    def _set(self, part: PartName, report: PartReport) -> None:
        with self._lock:
            self._parts[part] = report
            self._save()

    def _save(self) -> None:
        young = self._path.with_suffix(".new")
        young.write_text(json.dumps({part: asdict(report) for part, report in self._parts.items()}, indent=1))
        young.replace(self._path)


def read(folder: Path) -> dict[PartName, PartReport]:
    """The users' side: part → its report. Raises LabError when the lab in `folder` is gone."""
    try:
        text = (folder / "facts.json").read_text()
    except FileNotFoundError as error:
        raise LabError(f"there is no lab in {folder}; it has ended") from error
    return {part: PartReport(**report) for part, report in json.loads(text).items()}


def facts_as(kind: type[Facts], report: PartReport) -> Facts:
    """The facts of a ready part."""
    return TypeAdapter(kind).validate_python(report.facts)
