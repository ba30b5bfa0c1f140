"""Every option that the recipe gives to vLLM is one that the recorded version has, and takes a value where it must."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from reconciler.desired.arguments import expand
from tests.desired.world import BUILTIN
from tests.slurm.services import resolved, shipped

RECORD = (Path(__file__).parent / "vllm_options.txt").read_text("utf-8").splitlines()
OPTIONS: dict[str, str] = dict(line.split() for line in RECORD[1:])  # type: ignore[misc]
EVERYTHING: dict[str, Any] = {
    "model": "org/model",
    "revision": "main",
    "offline": True,
    "servedModelName": "m",
    "tensorParallelSize": 2,
    "pipelineParallelSize": 2,
    "dataParallelSize": 2,
    "dtype": "bfloat16",
    "maxModelLen": 4096,
    "maxNumSeqs": 64,
    "maxNumBatchedTokens": 8192,
    "gpuMemoryUtilization": 0.8,
    "quantization": "awq",
    "loadFormat": "safetensors",
    "enforceEager": True,
    "trustRemoteCode": True,
}


def wrong(words: list[str]) -> list[str]:
    """Those that `vllm serve` would refuse: no such option, or a value where none belongs, or none where one does."""
    found = []
    for word in words:
        name, equal, _ = word.partition("=")
        kind = OPTIONS.get(name) or ("flag" if OPTIONS.get(name.replace("--no-", "--", 1)) == "flag" else "")
        if kind != ("value" if equal else "flag"):
            found.append(word)
    return found


def command(**config: Any) -> list[str]:
    service = resolved("llama", shipped("vllm"), config={"model": "org/model", **config}, resources={"gpus": 8})
    process = service.recipe.spec.start.process
    assert process is not None
    return ["".join(str(part) for part in parts) for parts in expand(process.command, service)]


def test_the_record_is_of_the_version_that_the_recipe_runs() -> None:
    version = re.search(r"vllm-openai:v([0-9.]+)", BUILTIN["recipes/inference/vllm.yaml"])
    assert version
    assert f"vLLM {version[1]}: {len(OPTIONS)} options" in RECORD[0]


@pytest.mark.parametrize("config", [{}, EVERYTHING], ids=["defaults", "everything"])
def test_vllm_knows_every_option(config: dict[str, Any]) -> None:
    program, verb, model, *options = command(**config)
    assert (program, verb, model) == ("vllm", "serve", "org/model")
    assert wrong(options) == []


def test_vllm_knows_every_option_of_several_machines() -> None:
    machines = shipped("vllm").spec.start.machines
    assert machines.all
    assert machines.others
    assert wrong([*machines.all, *machines.others]) == []


def test_everything_is_everything() -> None:
    known = shipped("vllm").spec.parameters.keys()
    assert known - EVERYTHING.keys() == {"firstRequest", "extraArgs"}


@pytest.mark.parametrize("word", ["--tensor-paralel-size=2", "--enforce-eager=true", "--dtype", "--swap-space=4"])
def test_a_wrong_option_is_found(word: str) -> None:
    assert wrong(command(extraArgs=(word,))[3:]) == [word]
