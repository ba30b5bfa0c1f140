"""The recipes that ship load, and the demo's services resolve; what is wrong inside a recipe is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.desired.arguments import environment, expand, expand_text
from reconciler.desired.load import Desired, Loader
from reconciler.desired.recipes import load_recipes, read_recipe
from reconciler.models.wanted import ResolvedService
from reconciler.settings import Settings
from tests.desired.world import BUILTIN, ROOT, Repository, settings, text

SPECS = {
    "vllm": "{recipe: vllm, resources: {gpus: 4}, config: {model: org/model, extraArgs: [--a, --b]}}",
    "triton": "{recipe: triton, config: {modelRepository: 's3://m', modelControlMode: explicit, loadModels: [a, b]}}",
    "minio": "{recipe: minio, secrets: {MINIO_ROOT_USER: {name: m, key: u}, MINIO_ROOT_PASSWORD: {name: m, key: p}}}",
    "postgresql": "{recipe: postgresql, secrets: {POSTGRES_PASSWORD: {name: pg, key: password}}}",
    "seaweedfs": "{recipe: seaweedfs, secrets: {AWS_ACCESS_KEY_ID: &s {name: s, key: a}, AWS_SECRET_ACCESS_KEY: *s}}",
    "chroma": "{recipe: chroma}",
    "faiss": "{recipe: faiss}",
}


def loaded(recipe: str) -> ResolvedService:
    repository = Repository()
    repository.commit({"desired/main.yaml": text("main", SPECS[recipe])})
    desired: Desired = repository.load()
    assert not desired.complaints
    return desired.services["main"]


def test_all_seven_recipes_load() -> None:
    catalogue, complaints = load_recipes(BUILTIN)
    assert complaints == ()
    assert catalogue.recipes.keys() == SPECS.keys()


@pytest.mark.parametrize("name", SPECS)
def test_a_recipe_expands_in_both_forms(name: str) -> None:
    service = loaded(name)
    start = service.recipe.spec.start
    assert start.process is not None
    assert expand([*start.container.command, *start.container.args], service)
    assert expand(start.process.command, service)
    assert environment(start.container.env, service).keys() >= environment({}, service).keys()
    for step in start.process.prepare:
        assert expand_text(step.unless, service) or step.locked
        assert expand(step.command, service)


def test_lists_and_unset_parameters_become_the_right_arguments() -> None:
    triton, vllm = loaded("triton"), loaded("vllm")
    arguments = expand(triton.recipe.spec.start.container.command, triton)
    assert [one for one in arguments if str(one[0]).startswith("--load-model")] == [
        ("--load-model=a",),
        ("--load-model=b",),
    ]
    words = [one[0] for one in expand(vllm.recipe.spec.start.container.command, vllm)]
    assert words[-2:] == ["--a", "--b"]
    assert "--tensor-parallel-size=4" in words
    assert not any("max-model-len" in str(word) for word in words)


def test_the_demo_resolves_on_the_targets_of_the_lab() -> None:
    targets = {
        "slurm": {"kind": "slurm", "folders": {"data": "/d", "logs": "/l", "secrets": "/s"}},
        "kubernetes": {"kind": "kubernetes", "namespaces": ["demo"]},
    }
    under = Settings.model_validate({**settings().model_dump(), "targets": targets})
    repository = Repository()
    files = {str(path.relative_to(ROOT)): path.read_text("utf-8") for path in Path(ROOT / "desired").glob("*.yaml")}
    repository.commit(files)
    desired = repository.load(Loader(under, BUILTIN))
    assert [str(one) for one in desired.complaints] == []
    assert {name: one.target for name, one in desired.services.items()} == {
        "faiss-demo": "kubernetes",
        "faiss-kubernetes": "kubernetes",
        "faiss-slurm": "slurm",
        "postgres-kubernetes": "kubernetes",
        "postgres-slurm": "slurm",
    }


FAISS = "recipes/vector-db/faiss.yaml"
WRONG = [
    ("name: faiss", "name: other", "is not the name of the file; found `other`; expected `faiss`"),
    ("category: vector-db", "category: storage", "is not the name of the folder"),
    ("${port.http}", "${port.htp}", "unknown port; found `${port.htp}`; did you mean `http`?"),
    ("${host}", "${hots}", "unknown reference; found `${hots}`; did you mean `host`?"),
    ("${host}", "${host", "a `${` is not closed"),
    ("${config.dimension}", "${config.dimensions}", "unknown config; found `${config.dimensions}`"),
    ("${config.dimension}", "${storage.data}", "unknown storage"),
    ("${config.dimension}", "${secretfile.KEY}", "unknown secretfile"),
    ("when: config.indexFile", "when: config.readOnly", "the parameter may be unset"),
    ("when: config.indexFile", "when: config.index", "unknown parameter; found `index`"),
    ("default: 128", "default: many", "spec.parameters.dimension.default: does not fit; found text `many`"),
    ("default: 128", "default: 0", "found the number 0; expected at least 1"),
    ("default: l2", "default: l3", "expected one of `l2`, `ip`, `cosine`"),
    ('pattern: "/[A-Za-z0-9_./-]+"', 'pattern: "("', "expected a regular expression"),
    ("http: {port: http, path: /healthz}", "http: {port: web, path: /healthz}", "spec.health.http.port: unknown port"),
    ("metrics: {port: http", "metrics: {port: web", "spec.metrics.port: unknown port"),
    ("health:\n", "health:\n    tcp: {port: http}\n", "exactly one of http, tcp, grpc and exec"),
]


@pytest.mark.parametrize(("old", "new", "words"), WRONG, ids=[case[2] for case in WRONG])
def test_what_is_wrong_inside_a_recipe_is_found(old: str, new: str, words: str) -> None:
    assert old in BUILTIN[FAISS]
    recipe, complaints = read_recipe(FAISS, BUILTIN[FAISS].replace(old, new, 1))
    assert recipe is None
    assert any(words in str(one) for one in complaints), [str(one) for one in complaints]


def test_a_pattern_that_would_take_for_ever_elsewhere_takes_no_time() -> None:
    path = "recipes/vector-db/faiss.yaml"
    recipe = BUILTIN[path].replace('pattern: "/[A-Za-z0-9_./-]+"', 'pattern: "(a+)+"')
    repository = Repository()
    spec = f"{{recipe: faiss, config: {{indexFile: {'a' * 4000}b}}}}"
    repository.commit({path: recipe, "desired/main.yaml": text("main", spec)})
    assert "text that matches" in str(repository.load().complaints[0])
