"""`plan`, `status` and the log, with and without a daemon, on a real cluster."""

from __future__ import annotations

import json
import re

import pytest
from markdown_it import MarkdownIt

from lab.factory import Factory
from tests.e2e.world import files, service, until

pytestmark = pytest.mark.slurm

HOSTILE = "``` @here #1 <script>alert(1)</script> | `x` | [a](http://b.example) ![i](http://c.example/i.png) **bold**"


def test_a_plan_as_text_as_json_and_as_markdown(factory: Factory) -> None:
    sha = factory.commit(files("a", replicas=2) | {"desired/z.yaml": service("z", dependsOn=["a"])}, "two services")
    text = factory.run("plan")
    assert (text.returncode, text.stderr) == (1, "")
    assert text.stdout.splitlines() == [
        f"revision {sha[:12]} by Lab: two services",
        "slurm: 2 changes",
        "  + deploy  a.0: not there",
        "  + deploy  a.1: not there",
        "  ! hold    z: waits for a to be healthy (dependsOn)",
    ]
    found = json.loads(factory.run("plan", "-o", "json").stdout)
    assert (found["revision"], found["errors"], found["targets"]["slurm"]["complete"]) == (sha, [], True)
    assert [(one["action"], one["subject"]) for one in found["targets"]["slurm"]["actions"]] == [
        ("deploy", "a.0"),
        ("deploy", "a.1"),
        ("hold", "z"),
    ]
    assert "| deploy | `a.0` | ` not there ` |" in factory.run("plan", "-o", "markdown").stdout


def test_foreign_text_in_a_comment_is_inert(factory: Factory) -> None:
    factory.commit(files("a") | {"desired/<b>@all`|`.yaml": "x: ["}, HOSTILE)
    done = factory.run("plan", "-o", "markdown")
    assert done.returncode == 2
    tokens = [
        one
        for token in MarkdownIt("commonmark").enable("table").parse(done.stdout)
        for one in [token, *(token.children or ())]
    ]
    code = [token.content for token in tokens if token.type == "code_inline"]
    assert HOSTILE in code
    assert {token.type for token in tokens} & {"html_inline", "html_block", "link_open", "image", "fence"} == set()
    prose = " ".join(token.content for token in tokens if token.type == "text")
    assert not re.search(r"@|#\d|http|<", prose), prose


def test_status_without_and_with_a_daemon(factory: Factory) -> None:
    sha = factory.commit(files("a"), "one service")
    alone = factory.run("status")
    assert (alone.returncode, alone.stderr) == (0, "no daemon answers; looking at the targets directly\n")
    assert re.search(r"^a +slurm +- +Absent +Progressing 0/1 +\S+ +is being started *$", alone.stdout, re.MULTILINE)

    factory.start()
    factory.wait_healthy(["a"])
    beside = factory.run("status")
    assert (beside.returncode, beside.stderr) == (0, "")
    head, columns, line = beside.stdout.splitlines()
    assert head.rstrip() == f"revision {sha[:12]} by Lab: one service"
    assert columns.split() == ["SERVICE", "TARGET", "REVISION", "STATE", "HEALTH", "SINCE", "ENDS", "WHY"]
    assert line.split()[:6] == ["a", "slurm", sha[:12], "Running", "Healthy", "1/1"]
    found = json.loads(factory.run("status", "-o", "json").stdout)
    assert found["source"]["revision"] == sha
    assert found["services"][0]["endpoints"]["http"]


def test_the_log_tells_what_is_done_and_why(factory: Factory) -> None:
    factory.commit(files("a", "b"), "two services")
    factory.start()
    factory.wait_healthy(["a", "b"])
    factory.commit({"desired/b.yaml": "x: ["}, "a bad file")
    until("the complaint", lambda: "ERROR" in factory.log.read_text(), 10)
    assert factory.stop() == 0
    lines = factory.log.read_text().splitlines()
    form = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4} (INFO |WARNING|ERROR) +reconciler[.a-z]*: \S.*"
    assert [line for line in lines if not re.fullmatch(form, line)] == []
    words = [line.partition(": ")[2].partition(" [")[0] for line in lines]
    assert any(re.fullmatch(r"metrics at http://127\.0\.0\.1:\d+/metrics", one) for one in words)
    assert {"slurm: deploy a.0: not there", "slurm: deploy b.0: not there", "stopped"} <= set(words)
    assert any(one.startswith("desired/b.yaml:") for one in words)
    deploy = next(line for line in lines if "deploy a.0" in line)
    assert re.search(r" \[service=a target=slurm replica=0 revision=[0-9a-f]{12} action=deploy\]$", deploy)


def test_the_same_log_for_programs(factory: Factory) -> None:
    factory.configure(log={"format": "json"})
    sha = factory.commit(files("a"), "one service")
    factory.start()
    factory.wait_healthy(["a"])
    assert factory.stop() == 0
    lines = [json.loads(line) for line in factory.log.read_text().splitlines()]
    deploy = next(line for line in lines if line.get("action") == "deploy")
    assert (deploy["level"], deploy["logger"]) == ("info", "reconciler.act")
    known = {"service": "a", "target": "slurm", "replica": "0", "revision": sha[:12], "reason": "not there"}
    assert known.items() <= deploy.items()
    verdict = next(line for line in lines if line.get("after") == "Running/Healthy")
    assert (verdict["service"], verdict["action"], verdict["revision"]) == ("a", "verdict", sha[:12])
