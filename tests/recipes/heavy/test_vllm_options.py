"""What the recipe gives to vLLM is put to its own parser; the record that `make test` uses instead is made rightly."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import Any

import pytest

from lab.vllm import vllm_folder
from tests.recipes.test_vllm_options import EVERYTHING, command
from tests.recipes.vllm_options import recorded

_PARSE = """import argparse, json, sys
from vllm.entrypoints.launchers.cli_args import make_arg_parser
from vllm.utils.argparse_utils import FlexibleArgumentParser
parser = make_arg_parser(FlexibleArgumentParser())
kinds = {
    name: "flag" if one.nargs == 0 or isinstance(one, argparse.BooleanOptionalAction) else "value"
    for one in parser._actions for name in one.option_strings if name.startswith("--") and not name.startswith("--no-")
}
asked = sys.argv[1:]
read = vars(parser.parse_args(asked)) if asked else {}
with open(1, "w") as out:
    json.dump({"kinds": kinds, "read": read}, out, default=str)
"""

pytestmark = pytest.mark.timeout(1800)  # the first time, it is fetched


def parsed(*words: str) -> dict[str, Any]:
    """The options that vLLM's parser has, and what it reads."""
    packages = vllm_folder() / "packages"
    argv = [sys.executable, "-P", "-c", _PARSE, *words]
    environment = {**os.environ, "PYTHONPATH": str(packages)}
    done = subprocess.run(argv, env=environment, cwd="/", capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def test_the_parser_takes_everything_that_the_recipe_gives() -> None:
    # What only a platform knows is the address and the port.
    words = [re.sub(r"Reference\(.*\)", "8000", word) for word in command(**EVERYTHING)[2:]]
    read = parsed(*words, "--nnodes=2", "--node-rank=1", "--master-addr=a", "--master-port=29501", "--headless")["read"]
    wanted = {"model_tag": "org/model", "max_model_len": 4096, "served_model_name": ["m"], "quantization": "awq"}
    wanted |= {"nnodes": 2, "node_rank": 1, "master_port": 29501, "headless": True, "enforce_eager": True}
    assert {name: read[name] for name in wanted} == wanted


def test_the_record_is_made_as_the_parser_is() -> None:
    kinds = parsed()["kinds"]
    kinds.pop("--help")
    assert recorded(vllm_folder() / "packages") == kinds
