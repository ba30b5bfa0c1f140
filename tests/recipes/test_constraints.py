"""Parameters that must be right together: what is derived, what is refused, and how that is told."""

from __future__ import annotations

import pytest

from reconciler.desired.arguments import environment
from reconciler.desired.recipes import read_recipe
from tests.desired.world import BUILTIN, Repository, text

NOT_THE_GPUS = (
    "spec.config.tensorParallelSize: tensor times pipeline parallelism must be the number of GPUs; "
    "found config.dataParallelSize unset, config.tensorParallelSize 3, config.pipelineParallelSize 1, "
    "resources.gpus 4, nodes 1; expected `config.dataParallelSize != null or config.tensorParallelSize * "
    "config.pipelineParallelSize == resources.gpus * nodes`; leave both unset, or change one of them or "
    "`resources.gpus`"
)
VLLM, FAISS = "recipes/inference/vllm.yaml", "recipes/vector-db/faiss.yaml"


def load(spec: str) -> Repository:
    repository = Repository()
    repository.commit({"desired/main.yaml": text("main", spec)})
    return repository


@pytest.mark.parametrize(
    ("gpus", "config", "expected"),
    [
        (1, "", (1, 1, None)),
        (4, "", (4, 1, None)),
        (4, "tensorParallelSize: 2, pipelineParallelSize: 2", (2, 2, None)),
        (4, "tensorParallelSize: 2, dataParallelSize: 2", (2, 1, 2)),
        (0, "", (None, 1, None)),
        (0, "tensorParallelSize: 2", (2, 1, None)),
    ],
)
def test_parallel_sizes_follow_the_gpus(gpus: int, config: str, expected: tuple[int | None, ...]) -> None:
    desired = load(f"{{recipe: vllm, resources: {{gpus: {gpus}}}, config: {{model: m, {config}}}}}").load()
    assert [str(one) for one in desired.complaints] == []
    found = desired.services["main"].config
    names = ("tensorParallelSize", "pipelineParallelSize", "dataParallelSize")
    assert tuple(found[name] for name in names) == expected


def test_parallel_sizes_follow_the_machines() -> None:
    spec = "{recipe: vllm, target: meluxina, nodes: 2, resources: {gpus: 4}, config: {model: m%s}}"
    found = load(spec % "").load().services["main"].config
    assert (found["tensorParallelSize"], found["pipelineParallelSize"]) == (4, 2)
    (complaint,) = load(spec % ", pipelineParallelSize: 4").load().complaints
    assert "resources.gpus 4, nodes 2; expected" in str(complaint)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (
            "{recipe: vllm, resources: {gpus: 4}, config: {model: m, tensorParallelSize: 3}}",
            NOT_THE_GPUS,
        ),
        (
            "{recipe: vllm, resources: {gpus: 4}, config: {model: m, dataParallelSize: 2}}",
            "spec.config.dataParallelSize: tensor times pipeline times data parallelism must be the number of GPUs",
        ),
        (
            "{recipe: vllm, config: {model: m, maxNumSeqs: 512, maxNumBatchedTokens: 256}}",
            "a step has at least one token of each of its sequences",
        ),
        (
            "{recipe: triton, config: {modelRepository: /m, loadModels: [a]}}",
            "spec.config.modelControlMode: models are",
        ),
        (
            "{recipe: triton, config: {modelRepository: /m, modelControlMode: explicit}}",
            "without a model to load it never gets healthy",
        ),
        ("{recipe: faiss, config: {readOnly: true}}", "an index without vectors that takes none has nothing to find"),
        (
            "{recipe: postgresql, config: {sharedBuffers: 2GB}, secrets: {POSTGRES_PASSWORD: {name: a, key: b}}}",
            "do not fit into the memory; found config.sharedBuffers text `2GB`, resources.memory 1073741824",
        ),
    ],
)
def test_an_impossible_combination_is_refused(spec: str, words: str) -> None:
    (complaint,) = load(spec).load().complaints
    assert words in str(complaint)
    assert str(complaint).startswith("desired/main.yaml:4:")


@pytest.mark.parametrize(
    ("word", "words"),
    [
        ("--port=9000", "spec.config.extraArgs[0]: is set by the recipe itself; found `--port`; leave it out"),
        ("--tensor-parallel-size", "found `--tensor-parallel-size`; set `config.tensorParallelSize` instead"),
        (
            "--served_model_name=x",
            "is set by the recipe itself; found `--served-model-name`; set `config.servedModelName`",
        ),
        ("--nnodes=3", "is set by the recipe itself; found `--nnodes`; leave it out"),
        ("--enforce-eager", "set `config.enforceEager` instead"),
        ("--api-key=abc", "would show a secret to everybody on its node; found `--api-key`; name it under `secrets:`"),
    ],
)
def test_more_arguments_undo_nothing_and_show_nothing(word: str, words: str) -> None:
    (complaint,) = load(f"{{recipe: vllm, config: {{model: m, extraArgs: [{word}]}}}}").load().complaints
    assert words in str(complaint)
    assert "abc" not in str(complaint)


def test_more_arguments_that_are_right() -> None:
    extra = "[--seed=1, --max-num-batched-tokens-hint, --reasoning-parser=qwen3, --ssl-keyfile=/k, value, -O3]"
    assert load(f"{{recipe: vllm, config: {{model: m, extraArgs: {extra}}}}}").load().complaints == ()


@pytest.mark.parametrize(
    ("config", "expected"), [("", None), (", offline: true", ("true",)), (", offline: false", ("false",))]
)
def test_offline(config: str, expected: tuple[str] | None) -> None:
    """Unset it says nothing, so that a site's own word for its nodes holds."""
    service = load(f"{{recipe: vllm, config: {{model: m{config}}}}}").load().services["main"]
    assert environment({}, service).get("HF_HUB_OFFLINE") == expected


def test_one_error_at_a_time_where_a_value_itself_is_wrong() -> None:
    spec = "{recipe: vllm, resources: {gpus: 4}, config: {model: m, tensorParallelSize: many}}"
    (complaint,) = load(spec).load().complaints
    assert "expected a whole number" in str(complaint)


def test_what_is_derived_keeps_the_limits() -> None:
    recipe = BUILTIN[VLLM].replace(
        "maximum: 64\n      derived: resources.gpus", "maximum: 2\n      derived: resources.gpus"
    )
    repository = load("{recipe: vllm, resources: {gpus: 4}, config: {model: m}}")
    repository.commit({VLLM: recipe})
    (complaint,) = repository.load().complaints
    assert "what is derived from resources.gpus is not allowed; found the number 4; expected at most 2" in str(
        complaint
    )


RULE = "that: config.indexFile != null"
WRONG = [
    (RULE, "that: config.indxFile != null", "unknown name `config.indxFile`; did you mean `config.indexFile`?"),
    (RULE, "that: config.indexFile !=", "is not a rule: it ends too early"),
    (RULE, "that: config.indexFile + 1 == 2", "`+` stands between numbers"),
    (RULE, "that: config.indexFile > 2", "`>` does not stand between text and number"),
    (RULE, "that: config.dimension == 'big'", "`==` does not stand between number and text"),
    (RULE, "that: bytes(config.dimension) == 1", "bytes() reads text, and `config.dimension` is a number"),
    ("when: config.readOnly\n      message", "when: config.readOnyl\n      message", "unknown parameter"),
    ("when: config.readOnly\n      message", "message", "the recipe's own defaults break it"),
    ("default: 128, ", "default: 128, derived: nodes, ", "a parameter with a default, or one that is required"),
    ("readOnly: {type: boolean, default: false, ", "readOnly: {type: boolean, derived: nodes, ", "only a number"),
    ("default: 128, ", "derived: config.other, ", "unknown name `config.other`"),
    ("default: 128, ", "derived: config.dimension, ", "derived from what is derived itself"),
    ("path: file", "path: fil", "expected `folder` or `file`"),
    ("default: 128, ", "default: 128, path: file, ", "only text is a path"),
    ("default: 128, ", "default: 128, example: big, ", "spec.parameters.dimension.example: does not fit"),
]


@pytest.mark.parametrize(("old", "new", "words"), WRONG, ids=[case[2] for case in WRONG])
def test_what_is_wrong_with_a_rule_is_found_with_the_recipe(old: str, new: str, words: str) -> None:
    assert old in BUILTIN[FAISS]
    recipe, complaints = read_recipe(FAISS, BUILTIN[FAISS].replace(old, new, 1))
    assert recipe is None
    assert any(words in str(one) for one in complaints), [str(one) for one in complaints]
