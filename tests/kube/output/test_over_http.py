"""What a real pod writes, followed over the daemon's pages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.board import Board
from reconciler.daemon.outputs import TargetOutputs
from reconciler.health import judge
from reconciler.models.action import Plan
from reconciler.models.status import TargetStatus, View
from reconciler.models.wanted import Wanted
from reconciler.settings import Settings
from reconciler.web import PageServer, make_app
from tests.fakes import START, look
from tests.kube.conftest import Cluster
from tests.kube.output.room import Room
from tests.samples import resolved
from tests.web.reader import Reader

pytestmark = pytest.mark.node


@pytest.fixture
def room(node: Cluster) -> Iterator[Room]:
    with Room(node) as made:
        yield made


def test_a_crash_and_the_next_run_are_one_stream(room: Room, tmp_path: Path) -> None:
    content = {
        "owner": room.cluster.owner,
        "source": {"url": "."},
        "targets": {"cloud": room.cluster.target.model_dump(mode="json", exclude_unset=True)},
        "state": str(tmp_path),
    }
    board, outputs = Board(), TargetOutputs(Settings.model_validate(content))
    pairs = ((resolved(room.name, target="cloud"), Wanted(room.name, 1, "d")),)
    seen = look(room.group)
    board.post_target(TargetStatus("cloud", "kubernetes", reachable=True), judge(pairs, seen, Plan("cloud"), {}, {}))
    board.post_view(View("cloud", pairs, seen, Plan("cloud")))
    server = PageServer("127.0.0.1:0")
    server.start(make_app(board, lambda: START, ("cloud",), outputs=outputs))
    room.run("a", "echo begin; sleep 3; echo crash; exit 3", restart="Always")
    try:
        address = f"{server.address}/services/{room.name}/logs?"
        with Reader(address, {"Accept": "text/event-stream"}) as reader:
            told = [(one.data["workload"].rpartition("/")[2], one.data["text"]) for one in reader.take(3)]
            assert told == [("0", "begin"), ("0", "crash"), ("1", "begin")]
            board.post_target(TargetStatus("cloud", "kubernetes", reachable=True), ())
            assert [one.event for one in reader.events()][-1] == "end"
    finally:
        server.close()
        outputs.close()
