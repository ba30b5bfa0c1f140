"""Settings, recipes and a repository in memory, for tests of the desired state."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from reconciler.desired.load import Desired, Loader
from reconciler.models.revision import Change, File, Revision, Snapshot
from reconciler.settings import Settings

ROOT = Path(__file__).parents[2]
BUILTIN = {str(path.relative_to(ROOT)): path.read_text("utf-8") for path in sorted(ROOT.glob("recipes/*/*.yaml"))}


def settings(**changes: Any) -> Settings:
    """A Slurm target with GPUs and a Kubernetes target without; `changes` go into the Slurm target."""
    slurm = {"kind": "slurm", "folders": {"data": "/d", "logs": "/l", "secrets": "/s"}, "gpu_types": ["a100"]}
    return Settings.model_validate(
        {
            "owner": "tests",
            "source": {"url": "/repository"},
            "targets": {"meluxina": {**slurm, **changes}, "cloud": {"kind": "kubernetes", "namespaces": ["ai", "ml"]}},
            "state": "/state",
        }
    )


def text(name: str, spec: str = "{recipe: faiss}") -> str:
    """One service as YAML."""
    return f"apiVersion: reconciler/v1\nkind: Service\nmetadata: {{name: {name}}}\nspec: {spec}\n"


@dataclass
class Repository:
    """Commits, each with all its files; a plain model of what the source room reads from Git."""

    commits: list[tuple[Revision, dict[str, str]]] = field(default_factory=list)

    def commit(self, changes: Mapping[str, str | None], message: str = "a commit") -> Revision:
        """A new head with some files changed; None removes one."""
        files = {**(self.commits[-1][1] if self.commits else {}), **changes}
        number = len(self.commits)
        revision = Revision(f"{number:040x}", "Ada", message, datetime.fromtimestamp(number, UTC))
        self.commits.append((revision, {path: content for path, content in files.items() if content is not None}))
        return revision

    def snapshot(self) -> Snapshot:
        revision, files = self.commits[-1]
        return Snapshot(revision, {path: as_file(path, content) for path, content in files.items()})

    def earlier(self, path: str) -> Iterator[tuple[Revision, File]]:
        versions = [(revision, files[path]) for revision, files in self.commits if path in files]
        distinct = [
            one for one, before in zip(versions, [None, *versions], strict=False) if not before or before[1] != one[1]
        ]
        present = self.commits[-1][1].get(path)
        return ((rev, as_file(path, old)) for rev, old in reversed(distinct) if old != present)

    def history(self) -> Iterator[Change]:
        for number in range(len(self.commits) - 1, -1, -1):
            revision, after = self.commits[number]
            before = self.commits[number - 1][1] if number else {}
            changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
            yield Change(revision, {path: (_side(path, before), _side(path, after)) for path in sorted(changed)})

    def messages(self, since: Revision) -> Iterator[str]:
        return (revision.message for revision, _ in self.commits if revision.time >= since.time)

    def load(self, loader: Loader | None = None) -> Desired:
        return (loader or Loader(settings(), BUILTIN)).load(self.snapshot(), self.earlier, self.history)


def as_file(path: str, content: str) -> File:
    return File(path, hashlib.sha1(content.encode()).hexdigest(), content)


def _side(path: str, files: Mapping[str, str]) -> File | None:
    return as_file(path, files[path]) if path in files else None
