"""Replicas of several machines: what a recipe adds to its arguments on each, and that it is there on the real Slurm."""

from __future__ import annotations

import json
import re
import shlex
import socket
from typing import Any

import pytest
from ruamel import yaml

from lab.factory import Factory, line_of
from reconciler.desired.inspection import inspect
from reconciler.kube.render.groups import groups
from reconciler.models.recipe import Recipe
from reconciler.slurm.job.sbatch import template
from tests.e2e.world import RECIPE, RECIPE_PATH, service, until
from tests.kube.services import target as cluster
from tests.slurm.services import resolved, shipped, target

PLACE = "--nnodes=2 --node-rank={rank} --master-addr={leader} --master-port={port}"
#: Each rank writes down its arguments; rank 0 serves.
TELL = """import http.server, os, pathlib, sys
pathlib.Path(sys.argv[1], f"rank-{os.environ['RECONCILER_RANK']}").write_text(" ".join(sys.argv[3:]))
if os.environ["RECONCILER_RANK"] == "0":
    http.server.test(http.server.SimpleHTTPRequestHandler, http.server.ThreadingHTTPServer, port=int(sys.argv[2]))
import signal
signal.pause()
"""


def llama(nodes: int = 2) -> Any:
    return resolved("llama", shipped("vllm"), config={"model": "m"}, nodes=nodes, resources={"gpus": 1})


def spec(**start: Any) -> Recipe:
    content = shipped("vllm").model_dump(mode="json", by_alias=True)
    content["spec"] |= start
    return Recipe.model_validate(content)


@pytest.mark.parametrize(("runtime", "prefix"), [("none", ""), ("apptainer", "APPTAINERENV_")])
def test_each_task_of_a_job_gets_its_place_and_only_the_first_has_the_engine(runtime: str, prefix: str) -> None:
    body = template(llama(), target(runtime=runtime)).body
    line = next(line for line in body.splitlines() if "argv=(srun" in line)
    words = shlex.split(line.partition("argv=(")[2].rpartition(")")[0])
    task = words[words.index("bash") + 2]
    place = PLACE.format(
        rank='"$SLURM_PROCID"', leader=f'"${prefix}RECONCILER_LEADER"', port='"$RECONCILER_PORT_MASTER"'
    )
    unquoted = task.replace("'", "")
    assert f'then set -- "$@" {place}; else set -- "$@" {place} --headless; fi; exec "$@"' in unquoted
    assert f"export {prefix}RECONCILER_NODES=2" in body
    assert 'export RECONCILER_PORT_MASTER="${ports[master]}"' in body
    assert "\ninner_ports=(master)\n" in body


def test_one_machine_is_told_nothing_of_others() -> None:
    body = template(llama(nodes=1), target()).body
    assert "srun --nodes" not in body
    assert "--nnodes" not in body
    assert "\ninner_ports=()\n" in body


def test_pods_have_their_place_from_their_variables() -> None:
    gpus = cluster(gpuResource="nvidia.com/gpu")
    leader, worker = (
        one["spec"]["template"]["spec"]["containers"][0] for one in groups(llama(), gpus, "f", frozenset())
    )
    place = ["--nnodes=$(RECONCILER_NODES)", "--node-rank=$(RECONCILER_RANK)", "--master-addr=$(RECONCILER_LEADER)"]
    place.append("--master-port=29501")
    assert leader["args"] == place
    assert [one["containerPort"] for one in leader["ports"]] == [8000]
    assert worker["args"] == [*place, "--headless"]
    known = {one["name"] for one in leader["env"]}
    assert {"RECONCILER_NODES", "RECONCILER_RANK", "RECONCILER_LEADER"} <= known


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"multiNode": False}, "this recipe runs on one"),
        ({"start": {"machines": {"all": ["--cache=${storage.cache}"]}}}, "unknown reference"),
        ({"start": {"machines": {"all": ["--port=${port.http2}"]}}}, "unknown port"),
        ({"start": {"machines": {"ports": {"http": {"container": 1}}}}}, "is a port of the recipe already"),
        (
            {"start": {"machines": {"ports": {"m": {"container": 1}}}, "container": {"args": ["${port.m}"]}}},
            "unknown port",
        ),
        ({"start": {"machines": {"others": ["${nodes.size}"]}}}, "unknown nodes"),
        ({"start": {"container": {"args": ["${nodes.rank}"]}}}, "unknown reference"),
    ],
)
def test_what_cannot_be_known_is_an_error_of_the_recipe(change: dict[str, Any], words: str) -> None:
    assert any(words in finding.problem for finding in inspect(spec(**change).spec))
    assert list(inspect(shipped("vllm").spec)) == []


@pytest.mark.slurm
def test_two_machines_of_a_real_job_are_told_apart(factory: Factory) -> None:
    told = factory.lab.slurm.logs / f"told-{factory.owner}"
    factory.put(told / "tell.py", TELL)
    process = {"command": ["python3", str(told / "tell.py"), str(told), "${port.http}"]}
    meeting = {"they-meet": {"container": 7777}}
    place = ["${nodes.rank} of ${nodes.count} with ${nodes.leader} at ${port.they-meet}, not ${port.http}"]
    machines = {"ports": meeting, "all": place, "others": ["helps"]}
    content = yaml.YAML(typ="safe").load(RECIPE)
    content["spec"] |= {"multiNode": True, "start": {"process": process, "machines": machines}}
    texts = {RECIPE_PATH: json.dumps(content), "desired/pair.yaml": service("pair", nodes=2)}
    factory.commit(texts, "two machines")
    factory.start()
    shape = factory.wait_healthy(["pair"], 120)
    until("both have told", (told / "rank-1").exists, 30)
    first = (told / "rank-0").read_text()
    assert (told / "rank-1").read_text() == first.replace("0 of", "1 of") + " helps"
    found = re.fullmatch(r"0 of 2 with (\S+) at (\d+), not (\d+)", first)
    assert found, first
    assert socket.gethostbyname(found[1])
    line = line_of(shape, "pair")
    assert line is not None
    # Where they meet is another one, which nobody else is told of.
    assert [one.rpartition(":")[2] for one in line.endpoints["http"]] == [found[3]]
    assert (list(line.endpoints), found[2] != found[3]) == (["http"], True)
