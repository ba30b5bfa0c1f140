"""What real pods write, read through a real API server and kubelet."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from typing import Any

import pytest

from reconciler.kube.output.reader import PodOutput
from reconciler.models.health import Health
from reconciler.models.output import Question
from reconciler.models.workload import Mark, Phase, Workload
from tests.kube.conftest import Cluster, until
from tests.kube.output.room import Room
from tests.kube.services import target

COUNT = "i=0; while [ $i -lt {number} ]; do echo line $i; i=$((i+1)); done"


@pytest.fixture
def room(node: Cluster) -> Iterator[Room]:
    with Room(node) as made:
        yield made


@pytest.mark.node
def test_what_grows_is_read_on_every_line_once_also_those_of_one_second(room: Room) -> None:
    script = f"{COUNT.format(number=50)}; echo password=sesame; sleep 2; echo half; sleep 1000"
    room.run("a", script, "echo side; sleep 1000")
    until(lambda: "half" in room.texts().get("a/c0/0", ""), 60)
    whole = room.texts()
    assert whole["a/c0/0"].split("\n") == [*(f"line {number}" for number in range(50)), "password=***", "half"]
    assert whole["a/c1/0"] == "side"
    assert room.texts(lines=2)["a/c0/0"] == "password=***\nhalf"
    seen, starts = [], {"a/c0/0": 0}
    for _ in range(2):
        one = room.read({f"ai/{room.name}-{key}": place for key, place in starts.items()})["a/c0/0"]
        seen += one.text.split("\n") if one.text else []
        starts["a/c0/0"] = one.next
    assert seen == whole["a/c0/0"].split("\n")


@pytest.mark.node
def test_the_last_lines_of_a_busy_second_are_gone_on_from_in_its_middle(room: Room) -> None:
    room.run("a", f"{COUNT.format(number=300)}; sleep 4; echo more; sleep 1000")
    until(lambda: "line 299" in room.texts().get("a/c0/0", ""), 60)
    one = room.read(lines=3)["a/c0/0"]
    assert one.text.split("\n")[:3] == ["line 297", "line 298", "line 299"]
    key = f"ai/{room.name}-a/c0/0"
    until(lambda: room.read({key: one.next})["a/c0/0"].text == "more", 30)


@pytest.mark.node
def test_what_crashed_is_read_to_its_end_and_its_next_run_from_its_beginning(room: Room) -> None:
    room.run("a", "echo begin; sleep 2; echo crash; exit 3", restart="Always")
    until(lambda: room.texts().get("a/c0/0") == "begin", 60)
    starts = {f"ai/{room.name}-a/c0/0": room.read()["a/c0/0"].next}
    until(lambda: "a/c0/1" in room.read(), 60)
    assert {name: one.text for name, one in room.read(starts).items()}["a/c0/0"] == "crash"
    until(lambda: room.texts().get("a/c0/1", "") != "", 60)
    assert room.texts(previous=True)[min(room.texts(previous=True))].split("\n")[:1] == ["begin"]


@pytest.mark.node
def test_one_of_several_pods_and_what_is_not_there(room: Room) -> None:
    assert room.read() == {}
    room.run("a", "echo one; sleep 1000")
    room.run("b", "echo two; sleep 1000", first="echo prepared")
    until(lambda: room.texts() == {"a/c0/0": "one", "b/c0/0": "two"}, 60)
    assert room.texts(replica=1) == {"b/c0/0": "two"}
    assert room.texts(replica=7) == {}
    room.cluster.facts.kubectl("label", "pod", f"{room.name}-a", "-n", "ai", "reconciler/service=x", "--overwrite")
    assert room.texts() == {"b/c0/0": "two"}


@pytest.mark.node
def test_megabytes_are_read_page_by_page_and_none_is_lost(room: Room) -> None:
    long = "l=; while [ ${#l} -lt 2000 ]; do l=0123456789abcdef$l; done"
    room.run("a", f"{long}; i=0; while [ $i -lt 1500 ]; do echo $i $l; i=$((i+1)); done; echo end; sleep 1000")
    until(lambda: room.texts(lines=1).get("a/c0/0") == "end", 60)
    place, pages, key = 0, [], f"ai/{room.name}-a/c0/0"
    while (one := room.read({key: place})["a/c0/0"]).next != place:
        place = one.next
        pages.append(one.text)
        assert len(one.text) < 270_000
    lines = "\n".join(pages).split("\n")
    assert [text.partition(" ")[0] for text in lines] == [*map(str, range(1500)), "end"]
    assert len(pages) > 10


@pytest.mark.controlplane
def test_where_the_daemon_may_not_it_gives_the_command(cluster: Cluster) -> None:
    cluster.fields = {"kubeconfig": str(cluster.facts.account(f"{cluster.owner}-blind"))}
    reader = PodOutput(cluster.target)
    group = Workload("cloud", "ai/a", Mark(cluster.owner, "a", 0, "d"), Phase.RUNNING, Health.HEALTHY)
    (one,) = reader.read(group, Question(7))
    reader.close()
    assert (one.text, one.error) == ("", "")
    assert shlex.split(one.command)[:4] == ["kubectl", "-n", "ai", "logs"]
    assert "--tail=7" in one.command


def test_a_server_that_is_not_there_is_said(tmp_path: Any) -> None:
    path = tmp_path / "kubeconfig"
    content = {
        "clusters": [{"name": "c", "cluster": {"server": "http://127.0.0.1:9"}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "users": [{"name": "u", "user": {}}],
        "current-context": "c",
    }
    path.write_text(json.dumps(content))
    reader = PodOutput(target(kubeconfig=str(path)))
    group = Workload("cloud", "ai/a", Mark("me", "a", 0, "d"), Phase.RUNNING, Health.HEALTHY)
    (one,) = reader.read(group, Question(7))
    reader.close()
    assert "list the pods of a: no answer" in one.error
