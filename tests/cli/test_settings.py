"""The operator's file: every mistake is told with its place, before anything is done."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from tests.cli.console import answer, run, write

GOOD = """\
owner: factory-a
source: {url: /nowhere}
state: state
targets:
  meluxina:
    kind: slurm
    folders: {data: /d, logs: /l}
"""
MISTAKES = [
    ("owner: factory-a", "owner: Factory", "1:1: owner: is not allowed; found text `Factory`; expected a DNS-1123"),
    ("owner: factory-a\n", "", "1:1: owner: is missing; add `owner:`"),
    ("url:", "urll:", "2:10: source.urll: unknown key; did you mean `url`?"),
    ("state: state", "state: 3", "3:1: state: is not allowed; found the number 3; expected text"),
    ("kind: slurm", "kind: slrum", "6:5: targets.meluxina.kind: is not allowed; found `slrum`; expected `kubernetes`"),
    ("    kind: slurm\n", "", "5:3: targets.meluxina: says no kind; add `kind:`"),
    (
        "kind: slurm",
        "kind: slurm\n    tick: 5 parsecs",
        "targets.meluxina.tick: is not allowed; found text `5 par",
    ),
    ("kind: slurm", "kind: slurm\n    gpu_types: [a]", "gpu_types: unknown key; did you mean `gpuTypes`?"),
    ("state: state", "state: state\nremovals: {max: 20}", "removals.max: is not allowed; found the number 20"),
    ("targets:", "targets: [", "no valid YAML"),
    (
        "targets:\n",
        "targets:\n  lumi: {kind: slurm, folders: {data: /e, logs: /m}}\n",
        "6:3: targets.meluxina: reaches the same workloads as the target lumi: each would end what",
    ),
    (
        "targets:\n",
        "targets:\n  a: {kind: kubernetes, namespaces: [x, y]}\n  b: {kind: kubernetes, namespaces: [y]}\n",
        "targets.b: reaches the same workloads as the target a",
    ),
    ("data: /d", "data: data", "folders.data: is not allowed; found text `data`; expected a folder from `/` on"),
    ("data: /d", "data: ~/data", "folders.data: is not allowed; found text `~/data`; expected a folder from `/` on"),
    ("data: /d", "data: /", "folders.data: is not allowed; found text `/`; expected a folder from `/` on"),
    ("logs: /l}", "logs: /l/../d}", "folders.logs: is not allowed"),
    ("logs: /l}", "logs: /l, secrets: /d/secrets}", "folders.secrets: is not allowed"),
    ("logs: /l}", "logs: /l}\n    secretCommand: [./get]", "secretCommand: is not allowed"),
]


@pytest.mark.parametrize(("old", "new", "words"), MISTAKES, ids=[words for _, _, words in MISTAKES])
def test_a_mistake_is_told_with_its_place(tmp_path: Path, old: str, new: str, words: str) -> None:
    write(tmp_path, {"s.yaml": GOOD.replace(old, new)})
    text = answer(2, "plan", "--config", "s.yaml", cwd=tmp_path)
    assert all(line.startswith("error: s.yaml:") for line in text.splitlines())
    assert words in text


def test_all_mistakes_at_once(tmp_path: Path) -> None:
    write(tmp_path, {"s.yaml": GOOD.replace("url:", "urll:").replace("slurm", "slrum")})
    assert answer(2, "plan", "--config", "s.yaml", cwd=tmp_path).count("error: s.yaml:") == 3


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    words = "cannot be read: No such file or directory; name the settings with --config or RECONCILER_CONFIG"
    assert answer(2, "status", cwd=tmp_path) == f"error: reconciler.yaml: {words}\n"
    done = run("once", cwd=tmp_path, RECONCILER_CONFIG="other.yaml")
    assert (done.returncode, done.stderr) == (2, f"error: other.yaml: {words}\n")


@pytest.mark.parametrize("verb", ["plan", "status", "once"])
def test_a_repository_that_is_not_there(tmp_path: Path, verb: str) -> None:
    write(tmp_path, {"reconciler.yaml": GOOD})
    text = answer(2, verb, cwd=tmp_path)
    assert "error: /nowhere: " in text
    assert "Traceback" not in text


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        write(tmp_path, {"reconciler.yaml": GOOD + f"http: {json.dumps({'listen': address})}\n"})
        text = answer(2, "run", cwd=tmp_path)
    assert text.startswith(f"error: http.listen: {address} cannot be used: ")
    assert "choose a free address" in text


def test_a_state_folder_that_cannot_be_made(tmp_path: Path) -> None:
    write(tmp_path, {"reconciler.yaml": GOOD.replace("state: state", "state: /proc/none")})
    assert "error: state: /proc/none cannot be used: " in answer(2, "run", cwd=tmp_path)


def test_errors_come_in_the_form_that_is_asked_for(tmp_path: Path) -> None:
    text = answer(2, "run", "--log-format=json", cwd=tmp_path)
    (line,) = [json.loads(line) for line in text.splitlines()]
    assert (line["level"], line["logger"]) == ("error", "reconciler")
    assert line["message"].startswith("reconciler.yaml: cannot be read: No such file or directory")
    write(tmp_path, {"s.yaml": GOOD + "log: {format: jason}\n"})
    assert "log.format: is not allowed; found text `jason`" in answer(2, "once", "--config", "s.yaml", cwd=tmp_path)
    assert "choose one of text, json" in answer(2, "run", "--log-format=jason", cwd=tmp_path)


def test_a_log_level_that_is_none(tmp_path: Path) -> None:
    write(tmp_path, {"reconciler.yaml": GOOD})
    assert "choose one of debug, info, warning, error" in answer(2, "run", "--log-level=loud", cwd=tmp_path)


def test_targets_that_share_no_workload(tmp_path: Path) -> None:
    others = (
        "  lumi: {kind: slurm, transport: {conf: /lumi.conf}, folders: {data: /d, logs: /l}}\n"
        "  a: {kind: kubernetes, namespaces: [x]}\n"
        "  b: {kind: kubernetes, namespaces: [y]}\n"
        "  c: {kind: kubernetes, context: other, namespaces: [x]}\n"
    )
    write(tmp_path, {"s.yaml": GOOD + others})
    assert "reaches" not in answer(2, "plan", "--config", "s.yaml", cwd=tmp_path)
