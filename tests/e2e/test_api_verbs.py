"""The same flow by the verbs of the command line and by the client for programs."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from lab.lab import Lab
from reconciler.client import ApiError, Client
from tests.e2e.desk import Desk, on_slurm
from tests.e2e.world import alive, until

pytestmark = pytest.mark.slurm


@pytest.fixture(scope="module")
def desk(lab_slurm: Lab) -> Iterator[Desk]:
    with on_slurm(lab_slurm) as made:
        yield made


def verb(desk: Desk, *argv: str, code: int = 0) -> str:
    done = desk.run(*argv)
    assert done.returncode == code, f"{argv}: {done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def test_a_service_by_verbs(desk: Desk) -> None:
    said = verb(
        desk, "start", "web", "--name", "verbs", "--target", "slurm", "--set", "greeting=hi", "--wait", "--reason=why"
    )
    commit = desk.head()
    assert commit.sha[:12] in said
    assert commit.subject == "Start verbs: web"
    assert commit.trailers["Requested-Because"] == "why"
    assert commit.trailers["Requested-Through"] == "socket"
    assert "verbs.0" in alive(desk.lab.slurm, desk.owner)
    assert "verbs" in verb(desk, "list", "--recipe=web", "-o", "name").split()
    (first,) = alive(desk.lab.slurm, desk.owner)["verbs.0"]
    verb(desk, "restart", "verbs", "--wait")
    until("the old job gone", lambda: first not in alive(desk.lab.slurm, desk.owner)["verbs.0"])
    verb(desk, "stop", "verbs", "--wait")
    assert "verbs.0" not in alive(desk.lab.slurm, desk.owner)
    assert "verbs" in verb(desk, "stop", "verbs", code=2)


def test_a_service_by_the_client(desk: Desk) -> None:
    with Client(desk.address, token=desk.tokens["admin"]) as client:
        made = client.start_service("web", name="typed", spec={"target": "slurm"}, reason="a notebook")
        assert made.commit == desk.head().sha
        done = client.wait("typed", "healthy", commit=made.commit)
        assert done.healthy
        (place,) = client.endpoint("typed").ports["http"]
        assert httpx.get(f"http://{place}", trust_env=False).status_code == 200
        assert [one.service for one in client.list_services(name="typ*")] == ["typed"]
        client.stop_service("typed")
        assert client.wait("typed", "gone").gone
        with pytest.raises(ApiError, match="no service is called `typed`"):
            client.stop_service("typed")
