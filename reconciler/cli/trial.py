"""A recipe tried on every kind of target: what would run, without a cluster and without Git. For `recipes test`."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

from reconciler.daemon.build import builtin_recipes
from reconciler.desired.check import check
from reconciler.desired.finding import Finding, field_name
from reconciler.desired.lint import lint, lint_object
from reconciler.desired.recipes import Catalogue, load_recipes, read_recipe
from reconciler.desired.resolve import resolve
from reconciler.desired.yaml import read_documents
from reconciler.errors import Complaint, InputError, RefusedError
from reconciler.kube.kinds import Object
from reconciler.kube.render.exporter import own_words
from reconciler.kube.render.manifests import render
from reconciler.kube.render.text import dump
from reconciler.models.recipe import Recipe
from reconciler.models.revision import Revision
from reconciler.models.service import Service
from reconciler.models.wanted import ResolvedService
from reconciler.settings import KubernetesTarget, Settings, SlurmTarget
from reconciler.shapes.recipes import RecipeShape
from reconciler.slurm.job import exporter
from reconciler.slurm.job.forms import form_of
from reconciler.slurm.job.sbatch import template

_NOWHERE = Revision("0" * 40, "nobody", "a trial", datetime(2000, 1, 1, tzinfo=UTC))
_EXAMPLE = "the example"
_TYPE = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Form:
    """The recipe on one kind of target: short lines for people, and the whole that would be handed over."""

    title: str
    lines: tuple[str, ...]
    whole: str
    advice: tuple[str, ...] = ()


def read(path: Path) -> tuple[Recipe, tuple[Complaint, ...]]:
    """The recipe of a file, wherever it lies, and advice about it. Raises InputError with all that is wrong."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise InputError([Complaint(str(path), 0, 0, "", f"cannot be read: {reason}")]) from error
    recipe, complaints = read_recipe(_place(path, text), text)
    if recipe is None:
        raise InputError([replace(one, file=str(path)) for one in complaints])
    document = read_documents(str(path), text).documents[0]
    return recipe, tuple(document.complain(finding) for finding in lint(recipe))


def example_of(recipe: Recipe) -> dict[str, Any]:
    """The `spec:` of the recipe's example."""
    body = RecipeShape.of(recipe).example
    return {"recipe": recipe.metadata.name, "config": body.get("config", {}), **body.get("spec", {})}


def forms(recipe: Recipe, spec: Mapping[str, Any]) -> Iterator[Form]:
    """The service of this `spec` on each kind of target. Raises InputError where the service is not right."""
    settings = _settings(recipe, spec)
    for name, target in settings.targets.items():
        if isinstance(target, SlurmTarget) and target.runtime == "none" and recipe.spec.start.process is None:
            yield Form(_title(target), ("(containers only: there is no `start.process`)",), "")
            continue
        service = _resolve(recipe, {**spec, "target": name}, settings)
        try:
            yield _slurm(service, target) if isinstance(target, SlurmTarget) else _kubernetes(service, target)
        except RefusedError as error:
            raise InputError([Complaint(_EXAMPLE, 0, 0, "", str(error).removeprefix(f"{_EXAMPLE}: "))]) from error


def _place(path: Path, text: str) -> str:
    """Where the file would be in a repository; its own path where its category cannot be read."""
    for document in read_documents(str(path), text).documents:
        metadata = document.content.get("metadata")
        category = metadata.get("category") if isinstance(metadata, dict) else None
        if isinstance(category, str):
            return f"recipes/{category}/{path.name}"
    return str(path)


def _settings(recipe: Recipe, spec: Mapping[str, Any]) -> Settings:
    """A target of each kind, on which only the recipe itself can be wrong."""
    resources = spec.get("resources")
    asked = resources.get("gpuType") if isinstance(resources, Mapping) else None
    # What cannot be the name of a type is left for the check of the service to find.
    gpu = next(
        (one for one in (asked, recipe.spec.resources.gpu_type) if isinstance(one, str) and _TYPE.fullmatch(one)), "gpu"
    )
    folders = {"data": "/project/data", "logs": "/project/logs", "secrets": "/project/secrets"}
    kinds = {f"{one.api_version}/{one.kind}": None for one in recipe.spec.kubernetes.objects}
    kubernetes = {
        "kind": "kubernetes",
        "namespaces": ["default"],
        "gpuResource": "nvidia.com/gpu",
        "gpuTypes": {gpu: {}},
        "kinds": list(kinds),
        "allowPrivileged": True,
        "accessMode": "ReadWriteMany" if spec.get("nodes", 1) != 1 else "ReadWriteOnce",
    }
    slurm = {"kind": "slurm", "folders": folders, "gpuTypes": [gpu]}
    runtimes = get_args(SlurmTarget.model_fields["runtime"].annotation)
    targets = {"kubernetes": kubernetes, **{f"slurm-{one}": {**slurm, "runtime": one} for one in runtimes}}
    content = {"owner": "nobody", "source": {"url": "."}, "targets": targets, "state": "/nowhere"}
    return Settings.model_validate(content)


def _resolve(recipe: Recipe, spec: Mapping[str, Any], settings: Settings) -> ResolvedService:
    metadata = {"name": f"my-{recipe.metadata.name}"[:50]}
    content: dict[str, Any] = {"apiVersion": "reconciler/v1", "kind": "Service", "metadata": metadata}
    content["spec"] = dict(spec)
    service, findings = check(Service, content)
    made = None
    if service is not None:
        known = load_recipes(builtin_recipes())[0].recipes
        catalogue = Catalogue({**known, recipe.metadata.name: recipe})
        made, findings = resolve(service, catalogue, settings, _NOWHERE, _EXAMPLE)
    if made is None:
        raise InputError([_complaint(finding) for finding in findings])
    return made


def _complaint(one: Finding) -> Complaint:
    return Complaint(_EXAMPLE, 0, 0, field_name(one.path), one.problem, one.found, one.expected, one.fix)


def _title(target: SlurmTarget) -> str:
    return f"Slurm, runtime {target.runtime}"


def _slurm(service: ResolvedService, target: SlurmTarget) -> Form:
    made, form = template(service, target), form_of(service, target)
    asked = [option for option in made.all if not option.startswith(("--output", "--comment"))]
    secret = (f"makes, where there is none: {', '.join(service.generated)}",) if service.generated else ()
    lines = (*secret, f"sbatch {shlex.join(asked)}", form.start, *exporter.command(service, target, form))
    return Form(_title(target), lines, "\n".join(["sbatch " + shlex.join(made.all), made.own]))


def _kubernetes(service: ResolvedService, target: KubernetesTarget) -> Form:
    made = render(service, target, "nobody")
    names = [f"{item['kind']}/{item['metadata']['name']}" for item in made.objects]
    advice = [
        line for item in made.objects for line in lint_object(item["kind"], item["metadata"]["name"], item.get("spec"))
    ]
    secret = (str(made.generated),) if made.generated else ()
    lines = (*secret, "applies " + ", ".join(names), *_containers(made.objects))
    return Form("Kubernetes", lines, dump(made.objects), tuple(dict.fromkeys(advice)))


def _containers(objects: Sequence[Object]) -> Iterator[str]:
    for item in objects:
        pod = item.get("spec", {}).get("template", {}).get("spec", {})
        for one in pod.get("containers", []):
            words = own_words([*one.get("command", []), *one.get("args", [])])
            yield f"{one['image']} {shlex.join(words)}".rstrip()
