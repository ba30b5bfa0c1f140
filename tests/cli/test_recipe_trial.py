"""`recipes test`: what ships and the docs' example are right; what is wrong ends with 2, what is unwise with 1."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from reconciler.cli import trial
from reconciler.desired.yaml import read_documents
from tests.cli.console import answer, run

ROOT = Path(__file__).parents[2]
SHIPPED = sorted(ROOT.glob("recipes/*/*.yaml"))
OLLAMA = ROOT / "examples/recipes/inference/ollama.yaml"
FORMS = ["Kubernetes:", "Slurm, runtime none:", "Slurm, runtime apptainer:"]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_what_ships_is_right_on_every_platform(path: Path) -> None:
    recipe, advice = trial.read(path)
    made = list(trial.forms(recipe, trial.example_of(recipe)))
    assert [f"{one.title}:" for one in made] == FORMS
    assert [*advice, *(line for one in made for line in one.advice)] == []
    assert all(one.whole for one in made), "each of them runs everywhere"


def test_the_example_of_the_page_shows_what_would_run() -> None:
    text = answer(0, "recipes", "test", OLLAMA)
    assert re.findall(r"^\S.*:$", text, re.MULTILINE) == FORMS
    assert "ollama is right; in a repository it belongs at recipes/inference/ollama.yaml" in text


def test_other_values_and_whole_manifests(tmp_path: Path) -> None:
    mine = tmp_path / "ollama.yaml"
    mine.write_text(OLLAMA.read_text("utf-8"))
    text = answer(0, "recipes", "test", mine, "--set", "contextLength=8192", "--set", "resources.gpus=2", "--full")
    assert "export OLLAMA_CONTEXT_LENGTH=8192" in text
    assert "--gres=gpu:2" in text
    assert re.search(r"^  kind: StatefulSet|^  kind: Deployment", text, re.MULTILINE)


def test_a_type_of_gpu_is_one_that_the_site_has() -> None:
    assert "--gres=gpu:a100:2" in answer(
        0, "recipes", "test", OLLAMA, "--set", "resources.gpuType=a100", "--set", "resources.gpus=2"
    )


def test_several_machines_where_one_is_all() -> None:
    assert "the recipe ollama runs on one machine only" in answer(2, "recipes", "test", OLLAMA, "--nodes", "2")


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"\xff\xfe")
    assert answer(2, "recipes", "test", tmp_path / "a.yaml").endswith("a.yaml: cannot be read: it is not UTF-8\n")


def test_values_that_do_not_go_together() -> None:
    told = answer(2, "recipes", "test", OLLAMA, "--set", "contextLength=1048576", "--set", "parallel=64")
    assert "error: the example: spec.config.contextLength: all requests together" in told
    assert "lower contextLength or parallel" in told


@pytest.mark.parametrize(
    ("old", "new", "code", "words"),
    [
        ("ollama:0.40.0", "ollama:latest", 1, r"advice: \S+:8:3: spec.image: means another image every day"),
        ("${port.http}", "${port.htp}", 2, r"error: \S+:\d+:\d+: spec.env.OLLAMA_HOST: unknown port"),
        ("  stop: {grace: 30s}\n", "", 2, "spec.stop: is missing"),
        ("startup: 5m", "", 2, "spec.health.startup: is missing"),
        ("name: ollama", "name: olama", 2, "is not the name of the file"),
        (
            "  stop: {grace: 30s}\n",
            (
                "  stop: {grace: 30s}\n  kubernetes:\n    patches:\n      - target: {kind: Deployment}\n"
                "        patch: {spec: {template: {spec: {hostNetwork: true}}}}\n"
            ),
            1,
            "advice: Deployment my-ollama: `hostNetwork`",
        ),
    ],
)
def test_what_is_wrong_or_unwise(tmp_path: Path, old: str, new: str, code: int, words: str) -> None:
    text = OLLAMA.read_text("utf-8")
    assert old in text
    mine = tmp_path / "ollama.yaml"
    mine.write_text(text.replace(old, new, 1))
    done = run("recipes", "test", mine)
    assert (done.returncode, bool(re.search(words, done.stderr))) == (code, True), done.stdout + done.stderr


def test_a_recipe_for_containers_only(tmp_path: Path) -> None:
    mine = tmp_path / "ollama.yaml"
    mine.write_text(OLLAMA.read_text("utf-8").replace("    process:\n      command: *command\n", ""))
    assert "(containers only: there is no `start.process`)" in answer(0, "recipes", "test", mine)


def test_the_page_makes_the_example() -> None:
    """What the page shows, block by block, is the file."""
    page = (ROOT / "docs/write-a-recipe.md").read_text("utf-8")
    blocks = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    *recipe, service = blocks
    assert "".join(recipe) == OLLAMA.read_text("utf-8")
    assert read_documents("page", service).documents[0].content["spec"] == {
        "recipe": "ollama",
        "config": {"contextLength": 8192},
    }


def test_the_pages_exporter_is_right(tmp_path: Path) -> None:
    """The part about a server without metrics, put into the example."""
    page = (ROOT / "docs/write-a-recipe.md").read_text("utf-8")
    (part,) = re.findall(r"~~~yaml\n(.*?)~~~", page, re.DOTALL)
    http = part.replace("redis: {container: 6379}", "http: {container: 11434}").replace("port.redis", "port.http")
    text, ports = OLLAMA.read_text("utf-8"), "  ports:\n    http: {container: 11434}\n"
    assert ports in text
    mine = tmp_path / "ollama.yaml"
    mine.write_text(text.replace(ports, http))
    told = answer(0, "recipes", "test", mine)
    assert "\n  docker.io/oliver006/redis_exporter:v1.84.0 --web.listen-address=0.0.0.0:9121\n" in told
    assert "\n  redis_exporter --web.listen-address=0.0.0.0:" in told


@pytest.mark.parametrize(
    ("name", "line"), [("postgresql", "metrics: port metrics, /metrics"), ("chroma", "metrics: none of its own")]
)
def test_where_it_exports_metrics_is_shown(name: str, line: str) -> None:
    assert line in answer(0, "recipes", name).splitlines()


def test_the_table_tells_type_limits_and_default() -> None:
    told = answer(0, "recipes", "show", "vllm").splitlines()
    lines = {line.split()[0]: line for line in reversed(told) if line.strip()}
    assert re.search(r"integer +1 to 64 +as resources.gpus", lines["tensorParallelSize"])
    assert re.search(r"number +0.01 to 1 +0.9", lines["gpuMemoryUtilization"])
    assert re.search(r"string +required +Name on", lines["model"])
    assert "auto | half" in lines["dtype"]
    assert "tensor times pipeline parallelism must be" in lines["rule:"]
