"""From texts to what is handed to a platform, by the project's own pure parts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from reconciler.daemon.build import make_loader
from reconciler.desired.load import Loader
from reconciler.kube.kinds import kind_of
from reconciler.kube.render import manifests
from reconciler.models.revision import File, Revision, Snapshot
from reconciler.models.wanted import ResolvedService
from reconciler.models.workload import Mark
from reconciler.settings import KubernetesTarget, Settings, SlurmTarget, Target
from reconciler.slurm.job.sbatch import template

Files = Mapping[str, str | bytes | None]
REVISION = Revision("0123456789abcdef0123456789abcdef01234567", "Ada", "Add them", datetime(2026, 1, 1, tzinfo=UTC))


def settings_of(path: Path) -> Settings:
    """The operator's settings, as a factory wrote them."""
    return Settings.model_validate_json(path.read_text())


def snapshot_of(files: Files) -> Snapshot:
    """The files as the source would hand them over."""
    texts = {path: text for path, text in files.items() if isinstance(text, str)}
    return Snapshot(
        REVISION, {path: File(path, hashlib.sha1(text.encode()).hexdigest(), text) for path, text in texts.items()}
    )


def resolve(files: Files, settings: Settings, loader: Loader | None = None) -> list[ResolvedService]:
    """All services of the files, ready for their targets."""
    desired = (loader or make_loader(settings)).load(snapshot_of(files), lambda _: iter(()))
    if desired.complaints:
        raise ValueError(str(desired.complaints[0]))
    return list(desired.services.values())


def submissions(services: list[ResolvedService], target: Target, owner: str) -> str:
    """Options and script of each job, as JSON for the bare client."""
    assert isinstance(target, SlurmTarget)
    return json.dumps(list(_submissions(services, target, owner)))


def _submissions(services: list[ResolvedService], target: SlurmTarget, owner: str) -> Iterator[tuple[Any, str]]:
    for service in services:
        made = template(service, target)
        one = made.submission(_mark(service, owner, made.rendered.digest), 0.0, ())
        yield one.options, one.script


def bodies(services: list[ResolvedService], target: Target, owner: str) -> str:
    """Path and body of each object, as JSON for the bare client."""
    assert isinstance(target, KubernetesTarget)
    return json.dumps(list(_bodies(services, target, owner)))


def _bodies(services: list[ResolvedService], target: KubernetesTarget, owner: str) -> Iterator[tuple[str, Any]]:
    for service in services:
        manifest = manifests.render(service, target, owner)
        for item in manifests.stamp(manifest, _mark(service, owner, manifest.digest)):
            yield kind_of(item).path(service.namespace, item["metadata"]["name"]), item


def _mark(service: ResolvedService, owner: str, digest: str) -> Mark:
    return Mark(owner, service.name, 0, digest, revision=service.revision.short)
