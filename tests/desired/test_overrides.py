"""What a service may say in the place of its recipe: another version of the image, a longer start."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reconciler.daemon.build import builtin_recipes
from reconciler.desired.overrides import overridden, repository
from reconciler.desired.recipes import load_recipes
from reconciler.kube.render.manifests import render
from reconciler.settings import KubernetesTarget, Settings, SlurmTarget
from reconciler.slurm.job.sbatch import template
from tests.desired.test_resolve import good, load
from tests.desired.world import settings

DIGEST = "@sha256:" + "0123456789abcdef" * 4


def test_another_image_runs_and_the_rest_stays_as_the_recipe_says() -> None:
    plain = good("{recipe: postgresql}")
    other = good(f"{{recipe: postgresql, image: 'docker.io/library/postgres:17{DIGEST}'}}")
    target = settings().targets[plain.target]
    assert isinstance(target, KubernetesTarget)
    before, after = (str(render(one, target, "o").objects) for one in (plain, other))
    assert plain.recipe.spec.image in before
    assert f"docker.io/library/postgres:17{DIGEST}" in after
    assert plain.recipe.spec.image not in after
    assert "'app.kubernetes.io/version': '17'" in after
    assert other.recipe.model_copy(update={"spec": plain.recipe.spec}) == plain.recipe


def test_services_that_say_nothing_share_one_recipe() -> None:
    recipe = load_recipes(builtin_recipes())[0].recipes["faiss"]
    assert overridden(recipe, good("{recipe: faiss}").service.spec) is recipe


def test_a_job_in_a_container_takes_it_too() -> None:
    under = settings(runtime="apptainer")
    service = good("{recipe: faiss, target: slurm, image: 'ghcr.io/reconciler/faiss-server:0.2.0'}", under)
    target = under.targets[service.target]
    assert isinstance(target, SlurmTarget)
    assert "docker://ghcr.io/reconciler/faiss-server:0.2.0" in template(service, target).own


def test_where_no_container_runs_an_image_is_refused() -> None:
    service, complaints = load("{recipe: faiss, target: meluxina, image: 'ghcr.io/a/b:1'}")
    assert service is None
    (complaint,) = complaints
    assert "desired/main.yaml" in complaint
    assert "spec.image: the target meluxina runs no containers" in complaint
    assert "found `ghcr.io/a/b:1`" in complaint


@pytest.mark.parametrize(
    ("image", "right"),
    [
        ("ghcr.io/reconciler/faiss-server:0.2.0", True),
        (f"ghcr.io/reconciler/faiss-server{DIGEST}", True),
        ("ghcr.io/reconciler/faiss-server", True),
        ("ghcr.io/reconciler/faiss-server-evil:0.1.0", False),
        ("ghcr.io:443/reconciler/faiss-server:0.1.0", False),
        ("evil.example.com/faiss-server:0.1.0", False),
    ],
)
def test_where_only_the_operator_brings_recipes_it_is_a_version_of_the_recipes_own(image: str, right: bool) -> None:
    closed = Settings.model_validate(settings().model_dump() | {"recipes": {"repository": False}})
    service, complaints = load(f"{{recipe: faiss, target: cloud, image: '{image}'}}", closed)
    assert (service is not None) == right
    assert right or "another version of it, such as `ghcr.io/reconciler/faiss-server:1.2.3`" in complaints[0]
    assert load(f"{{recipe: faiss, target: cloud, image: '{image}'}}")[0] is not None


@pytest.mark.parametrize(
    "image",
    [
        "Postgres:17",
        "postgres:17 --privileged",
        "-v",
        "../postgres",
        "postgres@sha256:12",
        "a//b",
        "postgres:",
        "$(id)",
    ],
)
def test_what_is_no_image_is_refused(image: str) -> None:
    _, complaints = load(f"{{recipe: faiss, image: '{image}'}}")
    assert any("spec.image" in one and "an image such as registry.example.com" in one for one in complaints), complaints


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ("postgres", "postgres"),
        ("postgres:15", "postgres"),
        (f"host:5000/a/b:1.2{DIGEST}", "host:5000/a/b"),
        (f"host:5000/a/b{DIGEST}", "host:5000/a/b"),
        ("host:5000/a", "host:5000/a"),
    ],
)
def test_the_repository_of_an_image(image: str, name: str) -> None:
    assert repository(image) == name


def test_a_start_may_take_longer_for_one_service() -> None:
    usual = good("{recipe: faiss, target: cloud}")
    longer = good("{recipe: faiss, target: cloud, health: {startup: 90m}}")
    assert (usual.recipe.spec.health.startup, longer.recipe.spec.health.startup) == (
        timedelta(minutes=2),
        timedelta(minutes=90),
    )
    target = settings().targets["cloud"]
    assert isinstance(target, KubernetesTarget)
    (deployment,) = [item for item in render(longer, target, "o").objects if item["kind"] == "Deployment"]
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert container["startupProbe"]["failureThreshold"] * container["startupProbe"]["periodSeconds"] == 90 * 60
    assert deployment["spec"]["progressDeadlineSeconds"] > 90 * 60
    job, slurm = good("{recipe: faiss, target: meluxina, health: {startup: 90m}}"), settings().targets["meluxina"]
    assert isinstance(slurm, SlurmTarget)
    assert "probe_startup=5400" in template(job, slurm).own


@pytest.mark.parametrize("startup", ["0s", "soon", "-1m"])
def test_a_start_takes_some_time(startup: str) -> None:
    _, complaints = load(f"{{recipe: faiss, health: {{startup: {startup}}}}}")
    assert any("spec.health.startup" in one for one in complaints)
