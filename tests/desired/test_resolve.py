"""Defaults, placement, limits and abilities: what a service becomes on its target, or why it cannot."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from reconciler.desired.load import Loader
from reconciler.models.wanted import ResolvedService
from reconciler.settings import Settings
from tests.desired.world import BUILTIN, Repository, settings, text


def load(spec: str, under: Settings | None = None) -> tuple[ResolvedService | None, list[str]]:
    repository = Repository()
    repository.commit({"desired/main.yaml": text("main", spec)})
    desired = repository.load(Loader(under or settings(), BUILTIN))
    return desired.services.get("main"), [str(complaint) for complaint in desired.complaints]


def good(spec: str, under: Settings | None = None) -> ResolvedService:
    service, complaints = load(spec, under)
    assert service is not None, complaints
    return service


def test_a_parameter_has_the_recipes_default_or_is_unset() -> None:
    service = good("{recipe: faiss, config: {metric: ip}}")
    assert service.config == {
        "dimension": 128,
        "metric": "ip",
        "indexType": "Flat",
        "indexFile": None,
        "readOnly": False,
    }


def test_resources_of_the_service_win_over_those_of_the_recipe_one_by_one() -> None:
    resources = good("{recipe: faiss, resources: {cpus: 3}}").resources
    assert (resources.cpus, resources.memory, resources.gpus) == (3, "1Gi", None)


def test_slurm_options_and_env_of_the_service_win_over_those_of_the_target() -> None:
    under = settings(defaults={"partition": "cpu", "qos": "low", "time": "1h", "env": {"A": "target", "B": "target"}})
    service = good("{recipe: faiss, target: slurm, slurm: {qos: high}, env: {B: mine}}", under)
    assert (service.slurm.partition, service.slurm.qos, service.slurm.time) == ("cpu", "high", timedelta(hours=1))
    assert service.env == {"A": "target", "B": "mine"}


def test_without_a_time_limit_the_longest_allowed_is_asked_for() -> None:
    assert good("{recipe: faiss, target: slurm}", settings(limits={"time": "48h"})).slurm.time == timedelta(hours=48)


def test_the_namespace_is_the_services_or_the_targets_first() -> None:
    assert good("{recipe: faiss}").namespace == "ai"
    assert good("{recipe: faiss, kubernetes: {namespace: ml}}").namespace == "ml"
    assert good("{recipe: faiss, target: meluxina}").namespace == ""


GPU = "{recipe: vllm, config: {model: m}"
PLACES = [
    ("{recipe: faiss}", "cloud"),
    ("{recipe: faiss, target: auto}", "cloud"),
    ("{recipe: faiss, target: slurm}", "meluxina"),
    ("{recipe: faiss, target: kubernetes}", "cloud"),
    ("{recipe: faiss, target: meluxina}", "meluxina"),
    ("{recipe: faiss, resources: {gpus: 1}}", "meluxina"),
    (GPU + "}", "meluxina"),
    (GPU + ", resources: {gpuType: a100}}", "meluxina"),
    (GPU + ", resources: {gpus: 0}}", "cloud"),
]


@pytest.mark.parametrize(("spec", "target"), PLACES, ids=[spec for spec, _ in PLACES])
def test_placement(spec: str, target: str) -> None:
    assert good(spec).target == target


def of_targets(*kinds: str, placement: tuple[str, ...] = (), gpu: str = "") -> Settings:
    """Targets named s0, k1, … by kind and position; those named in `gpu` have GPUs."""
    targets: dict[str, Any] = {}
    for number, kind in enumerate(kinds):
        name = f"{kind[0]}{number}"
        if kind == "slurm":
            targets[name] = {
                "kind": kind,
                "folders": {"data": "/d", "logs": "/l"},
                "gpu_types": ["a"] if name in gpu else [],
            }
        else:
            targets[name] = {
                "kind": kind,
                "namespaces": ["ai"],
                "gpu_resource": "nvidia.com/gpu" if name in gpu else None,
            }
    content = {"owner": "t", "source": {"url": "/r"}, "state": "/s", "targets": targets, "placement": placement}
    return Settings.model_validate(content)


@pytest.mark.parametrize(
    ("under", "spec", "target"),
    [
        (of_targets("slurm"), "{recipe: faiss}", "s0"),
        (of_targets("slurm", "slurm", placement=("s1", "s0")), "{recipe: faiss}", "s1"),
        (of_targets("slurm", "slurm", placement=("s1", "s0")), "{recipe: faiss, target: slurm}", "s1"),
        (of_targets("kubernetes", "slurm", gpu="k0 s1"), GPU + "}", "s1"),
        (of_targets("kubernetes", "slurm", gpu="k0"), GPU + "}", "k0"),
        (of_targets("kubernetes", "slurm", "slurm", gpu="s2"), GPU + "}", "s2"),
        (of_targets("slurm", "kubernetes", "kubernetes", placement=("k2", "k1", "s0")), "{recipe: faiss}", "k2"),
    ],
)
def test_placement_follows_the_operators_order(under: Settings, spec: str, target: str) -> None:
    assert good(spec, under).target == target


def test_secrets_that_are_not_named_are_made_and_referred_to_as_if_they_were() -> None:
    service = good("{recipe: minio, secrets: {MINIO_ROOT_USER: {name: s3, key: user}}}")
    made = service.service.spec.secrets
    assert service.generated == {"MINIO_ROOT_PASSWORD": 40}
    assert {name: (one.name, one.key) for name, one in made.items()} == {
        "MINIO_ROOT_USER": ("s3", "user"),
        "MINIO_ROOT_PASSWORD": ("main-generated", "MINIO_ROOT_PASSWORD"),
    }
    said = good("{recipe: minio, secrets: {MINIO_ROOT_PASSWORD: {name: main-generated, key: MINIO_ROOT_PASSWORD}}}")
    assert set(said.generated) == {"MINIO_ROOT_USER", "MINIO_ROOT_PASSWORD"}
    assert good("{recipe: faiss}").generated == {}


def test_what_a_service_names_is_taken_also_where_it_could_be_made() -> None:
    service = good("{recipe: postgresql, secrets: {POSTGRES_PASSWORD: {name: pg, key: word}}}")
    assert service.generated == {}
    assert service.service.spec.secrets["POSTGRES_PASSWORD"].name == "pg"


BAD = [
    ("{recipe: faiss, target: meluxna}", "unknown target; found `meluxna`; did you mean `meluxina`?", {}),
    ("{recipe: fais}", "unknown recipe; found `fais`; did you mean `faiss`?", {}),
    ("{recipe: faiss, config: {dimensions: 3}}", "unknown parameter; did you mean `dimension`?", {}),
    ("{recipe: faiss, config: {dimension: '3'}}", "found text `3`; expected a whole number", {}),
    ("{recipe: faiss, config: {dimension: 0}}", "found the number 0; expected at least 1", {}),
    ("{recipe: faiss, config: {metric: L2}}", "expected one of `l2`, `ip`, `cosine`", {}),
    ("{recipe: faiss, config: {indexFile: ../x}}", "text that matches", {}),
    ("{recipe: faiss, config: {readOnly: [a]}}", "found a list; expected true or false", {}),
    (
        "{recipe: vllm, config: {model: ' '}}",
        "spec.config.model: is not allowed; found text ` `; expected text that is",
        {},
    ),
    ("{recipe: vllm}", 'spec.config.model: is missing ("Name on the Hugging Face Hub', {}),
    (
        "{recipe: postgresql, env: {POSTGRES_PASSWORD: sesame}}",
        "spec.env.POSTGRES_PASSWORD: is a secret of the recipe, and would be in Git",
        {},
    ),
    (
        "{recipe: postgresql, target: slurm}",
        "spec.secrets.POSTGRES_PASSWORD: the target meluxina has no folder in which a secret can be made",
        {"folders": {"data": "/d", "logs": "/l"}, "secret_command": ["/bin/secret"]},
    ),
    ("{recipe: faiss, nodes: 2}", "runs on one machine only", {}),
    ("{recipe: faiss, target: cloud, resources: {gpus: 1}}", "the target cloud has no GPUs", {}),
    ("{recipe: faiss, target: slurm, resources: {gpus: 1, gpuType: h100}}", "it has a100", {}),
    ("{recipe: faiss, resources: {gpus: 1, gpuType: h100}}", "no target has the GPUs", {}),
    ("{recipe: faiss, kubernetes: {namespace: kube-system}}", "does not allow this namespace", {}),
    ("{recipe: faiss, target: slurm, slurm: {time: 3h}}", "found 3h; expected at most 2h", {"limits": {"time": "2h"}}),
    (
        "{recipe: faiss, target: slurm, replicas: 5}",
        "found 5 (with all replicas); expected at most 4",
        {"limits": {"nodes": 4}},
    ),
    (
        "{recipe: seaweedfs, target: slurm}",
        "spec.recipe: has more ports than a job on the target meluxina may use; found 9; expected at most 8",
        {"ports": [20000, 20007]},
    ),
    ("{recipe: faiss, target: slurm, replicas: 3, resources: {gpus: 2}}", "more GPUs than", {"limits": {"gpus": 4}}),
    (
        "{recipe: faiss, target: slurm, secrets: {A: {name: a, key: b}}}",
        "has no folder for secrets; the operator sets `folders.secrets` or `secretCommand`",
        {"folders": {"data": "/d", "logs": "/l"}},
    ),
]


@pytest.mark.parametrize(("spec", "words", "slurm"), BAD, ids=[case[0] for case in BAD])
def test_what_cannot_be_is_refused_with_words(spec: str, words: str, slurm: dict[str, Any]) -> None:
    service, complaints = load(spec, settings(**slurm))
    assert service is None
    assert any(words in one for one in complaints), complaints
    assert all(one.startswith("desired/main.yaml:4:") for one in complaints)


def test_a_recipe_without_a_process_form_needs_a_runtime() -> None:
    path = "recipes/vector-db/faiss.yaml"
    recipe = BUILTIN[path].partition("    process:")[0] + BUILTIN[path][BUILTIN[path].index("  health:") :]
    repository = Repository()
    repository.commit({path: recipe, "desired/main.yaml": text("main", "{recipe: faiss, target: slurm}")})
    assert "starts in a container only" in str(repository.load().complaints[0])
    assert repository.load(Loader(settings(runtime="apptainer"), BUILTIN)).services.keys() == {"main"}
