"""Streams end: with the service that they are about, with the daemon, and with who reads them."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread

import httpx
import pytest

from lab.host import free_ports
from lab.lab import Lab
from tests.e2e.desk import Desk, accepted, events, on_slurm, problem
from tests.e2e.world import until

pytestmark = pytest.mark.slurm


@pytest.fixture(scope="module")
def desk(lab_slurm: Lab) -> Iterator[Desk]:
    with on_slurm(lab_slurm) as made:
        yield made


class Reader(Thread):
    """Reads a stream of events to its end, in a thread."""

    def __init__(self, desk: Desk, path: str, method: str = "GET", **headers: str) -> None:
        super().__init__()
        self._desk = desk
        self._method = method
        self._path = path
        self._headers = {"Accept": "text/event-stream"} | headers
        self.lines: list[str] = []
        self.status = 0
        self.cut = ""  # why it ended in the middle
        self.start()

    def run(self) -> None:
        with self._desk.open() as client:
            try:
                self._read(client)
            except httpx.TransportError as error:
                self.cut = repr(error)

    def _read(self, client: httpx.Client) -> None:
        with client.stream(self._method, self._path, headers=self._headers) as answer:
            self.status = answer.status_code
            for line in answer.iter_lines():
                self.lines.append(line)

    def kinds(self) -> list[str]:
        return [kind for kind, _ in events(self.lines)]


def test_streams_of_a_service_that_vanishes(desk: Desk) -> None:
    accepted(desk.ask("POST", "/services", {"recipe_name": "web", "name": "goes", "target": "slurm"}))
    desk.wait_healthy(["goes"])
    watcher = Reader(desk, "/events?service=goes")
    reader = Reader(desk, "/services/goes/logs?follow=true")
    until("both are open", lambda: watcher.status == reader.status == 200)
    accepted(desk.ask("DELETE", "/services/goes"))
    reader.join(30)
    assert not reader.is_alive()
    assert reader.kinds()[-1] == "end"
    until("told", lambda: "removed" in watcher.kinds())
    problem(desk.ask("GET", "/services/goes/logs"), 404)
    assert watcher.is_alive()
    assert desk.stop() == 0  # ends the watcher
    watcher.join(10)
    assert not watcher.is_alive()
    desk.begin()


def test_fifty_open_streams_do_not_keep_a_daemon(desk: Desk) -> None:
    """Each of them is ended, not cut."""
    accepted(desk.ask("POST", "/services", {"recipe_name": "web", "name": "watched", "target": "slurm"}))
    desk.wait_healthy(["watched"])
    paths = ["/events", "/events?service=watched", "/services/watched/logs?follow=true"]
    readers = [Reader(desk, paths[number % 3]) for number in range(48)]
    accepted(desk.ask("POST", "/services/watched/suspend"))
    readers += [Reader(desk, "/services/watched/wait?until=healthy"), Reader(desk, "/services/watched/wait?until=gone")]
    until("all are open", lambda: all(one.status == 200 for one in readers))
    began = time.monotonic()
    assert desk.stop() == 0
    assert time.monotonic() - began < 8
    for reader in readers:
        reader.join(10)
        assert not reader.is_alive()
    assert {one.cut for one in readers} == {""}
    desk.begin()
    accepted(desk.ask("POST", "/services/watched/resume"))


def test_a_reader_that_goes_on_after_a_restart(desk: Desk) -> None:
    """What it missed cannot be told by another daemon: it is told so, and gets everything as it stands."""
    first = Reader(desk, "/events?snapshot=true")
    until("a snapshot", lambda: "service" in first.kinds())
    last = next(line.removeprefix("id: ") for line in reversed(first.lines) if line.startswith("id: "))
    desk.stop()
    first.join(10)
    desk.begin()
    second = Reader(desk, "/events", **{"Last-Event-ID": last})
    until("told", lambda: len(second.kinds()) > 1)
    assert second.kinds()[0] == "reset"
    assert "service" in second.kinds()
    desk.stop()
    second.join(10)
    desk.begin()


@contextmanager
def standby(desk: Desk) -> Iterator[str]:
    """Another daemon on the same state folder, at a port of its own; its address."""
    settings = json.loads(desk.settings.read_text())
    path = desk.folder / "standby.yaml"
    (port,) = free_ports(1)
    settings["http"]["listen"] = f"127.0.0.1:{port}"
    desk.put(path, json.dumps(settings))
    argv = [*desk.reconciler("run")[:-1], str(path)]
    with subprocess.Popen(argv, env=desk.environment(), cwd=desk.folder, stderr=subprocess.DEVNULL) as process:
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(20)


def test_a_daemon_that_waits_takes_no_proposals_and_no_socket(desk: Desk) -> None:
    before = desk.head()
    socket = desk.state / "api.sock"
    inode = socket.stat().st_ino
    body = {"recipe_name": "web", "name": "second", "target": "slurm"}
    headers = {"Authorization": f"Bearer {desk.tokens['admin']}"}
    with standby(desk) as address, httpx.Client(base_url=address, headers=headers, trust_env=False) as client:
        until("it answers", lambda: answers(client))
        said = problem(client.post("/services", json=body), 503)
        assert "another" in said["detail"]
        assert socket.stat().st_ino == inode
    assert socket.stat().st_ino == inode
    assert desk.head() == before
    with httpx.Client(transport=httpx.HTTPTransport(uds=str(socket)), base_url="http://localhost") as inside:
        assert inside.get("/services").status_code == 200


def answers(client: httpx.Client) -> bool:
    with suppress(httpx.TransportError):
        return client.get("/healthz").status_code == 200
    return False
