"""Every call of the client, on the pages of a daemon with a real repository."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.client import ApiError, Client
from reconciler.errors import Next
from reconciler.models.health import Health
from reconciler.models.output import Question
from reconciler.proposals import ServerService
from tests.client.place import Place, place


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with place(tmp_path_factory.mktemp("calls")) as made:
        yield made


@pytest.fixture(scope="module")
def client(daemon: Place) -> Iterator[Client]:
    with Client.of_state(daemon.state) as made:
        yield made


def methods(kind: type) -> dict[str, list[inspect.Parameter]]:
    """The public methods, each with its parameters but for who asks, and how."""
    how = {"self", "asked", "reason", "key", "direct"}
    found = inspect.getmembers(kind, inspect.isfunction)
    return {
        name: [one for one in inspect.signature(method).parameters.values() if one.name not in how]
        for name, method in found
        if not name.startswith("_")
    }


def test_the_client_has_the_methods_of_the_server_with_the_same_parameters() -> None:
    here, there = methods(Client), methods(ServerService)
    names = {"start_service", "stop_service", "list_services", "list_recipes"}
    assert names < there.keys() <= here.keys()
    for name, parameters in there.items():
        mine = [(one.name, one.kind, one.default) for one in here[name]]
        assert mine == [(one.name, one.kind, one.default) for one in parameters], name


@pytest.mark.parametrize("verb", ["start", "update", "stop", "restart", "suspend", "resume"])
def test_every_change_can_have_a_reason_and_a_key_and_be_direct(verb: str) -> None:
    parameters = inspect.signature(getattr(Client, f"{verb}_service")).parameters
    assert [(parameters[name].kind, parameters[name].default) for name in ("reason", "key", "direct")] == [
        (inspect.Parameter.KEYWORD_ONLY, default) for default in ("", "", False)
    ]


def test_the_life_of_a_service_is_a_commit_each(client: Client, daemon: Place) -> None:
    begun = client.start_service(
        "web", 1, {"greeting": "hi: there"}, "life", spec={"target": "slurm"}, labels={"team": "nlp"}, reason="a try"
    )
    assert (begun.service, begun.branch, begun.path, begun.changed) == ("life", "main", "desired/life.yaml", True)
    text = (daemon.repository / "desired/life.yaml").read_text()
    assert 'greeting: "hi: there"\n' in text
    assert "Requested-Because: a try" in daemon.git("log", "-1", "--format=%b", begun.commit)

    start = daemon.git("rev-parse", "HEAD").strip()
    client.update_service("life", {"config": {"greeting": None}, "replicas": 2}, {"team": None, "tier": "gold"})
    detail = client.get_service("life")
    assert detail.desired is not None
    assert (detail.desired.replicas, detail.desired.labels) == (2, {"tier": "gold"})
    assert client.suspend_service("life").changed
    again = client.suspend_service("life")
    assert (again.changed, again.commit) == (False, daemon.git("rev-parse", "HEAD").strip())
    client.resume_service("life", reason="enough")
    client.restart_service("life")
    gone = client.stop_service("life", reason="done: all\nof it")
    assert not (daemon.repository / gone.path).exists()
    assert daemon.git("log", "--format=%s", "--reverse", f"{start}..").splitlines() == [
        "Update life: config.greeting, replicas, labels.team, labels.tier",
        "Suspend life",
        "Resume life",
        "Restart life",
        "Stop life",
    ]


def test_a_key_is_carried_out_once(client: Client, daemon: Place) -> None:
    one = client.start_service("web", key="client-key-1")
    two = client.start_service("web", key="client-key-1")
    assert (one.commit, one.service, two.replayed) == (two.commit, two.service, True)
    with pytest.raises(ApiError) as caught:
        client.start_service("web", 1, {"greeting": "other"}, key="client-key-1")
    assert (caught.value.status, caught.value.next) == (422, Next.STOP)
    assert daemon.git("log", "--format=%s", "--grep=client-key-1").count("Start") == 1


def test_everything_that_is_wrong_is_an_error_with_all_fields(client: Client) -> None:
    with pytest.raises(ApiError) as caught:
        client.start_service("web", 3, {"greetin": "x"}, "wrong")
    error = caught.value
    assert (error.status, error.problem.type) == (422, "urn:reconciler:problem:invalid")
    assert sorted(one.field for one in error.errors) == ["spec.config.greetin", "spec.nodes"]
    assert len(str(error).splitlines()) == 2
    with pytest.raises(ApiError, match="did you mean") as unknown:
        client.start_service("wbe", name="wrong")
    assert unknown.value.status == 422
    with pytest.raises(ApiError) as missing:
        client.stop_service("nobody")
    assert (missing.value.status, missing.value.key) == (404, "")


def test_what_is_there(client: Client, daemon: Place) -> None:
    daemon.post(*(f"bench-{number}" for number in range(3)), "other")
    assert [one.service for one in client.list_services()] == ["bench-0", "bench-1", "bench-2", "other"]
    assert [one.service for one in client.list_services(name="bench-*", health="Healthy", target=["slurm"])] == [
        "bench-0",
        "bench-1",
        "bench-2",
    ]
    assert list(client.list_services(health=[Health.FAILED.value], recipe="web")) == []
    assert "web" in [one.name for one in client.list_recipes()]
    assert client.get_recipe("web").parameters["greeting"].default == "hello"
    assert client.status().services[0].service == "bench-0"
    assert [one.target for one in client.targets()] == ["slurm"]
    assert client.plan().errors == []
    assert client.explain("other")[0].service.health == "Healthy"
    assert [one.after.health for one in client.history("other")] == ["Healthy"]
    assert client.read_logs("other", Question()) == []
    with pytest.raises(ApiError) as caught:
        client.endpoint("other")
    assert caught.value.next is Next.RETRY


def test_all_pages_of_a_long_list(daemon: Place) -> None:
    names = [f"long-{number:04}" for number in range(2345)]
    daemon.post(*names)
    with Client.of_socket(daemon.socket) as client:
        found = client.list_services(name="long-*")
        assert next(found).service == names[0]
        daemon.post(*names[:1500])  # what comes or goes meanwhile moves nothing
        assert [one.service for one in found] == names[1:1500]


@pytest.mark.parametrize("name", ["", ".", "..", "..."])
def test_a_name_never_becomes_another_page(client: Client, name: str) -> None:
    with pytest.raises(Exception, match="is no name of a service"):
        client.stop_service(name)


@pytest.mark.parametrize("name", ["a/b", "../plan", "a?b=c", "a#b", "ü", "a b", "%2e%2e", "x" * 300])
def test_a_strange_name_is_a_service_that_is_not_there(client: Client, name: str) -> None:
    with pytest.raises(ApiError) as caught:
        client.get_service(name)
    assert caught.value.status in (400, 404, 422)


def test_what_is_no_json_is_said_before_it_is_sent(client: Client, daemon: Place, tmp_path: Path) -> None:
    head = daemon.git("rev-parse", "HEAD")
    for value in (float("nan"), tmp_path, "\ud800"):
        with pytest.raises(Exception, match="cannot be written as JSON"):
            client.start_service("web", 1, {"greeting": value})
    with pytest.raises(Exception, match="printable ASCII"):
        client.stop_service("a", key="two words")
    assert daemon.git("rev-parse", "HEAD") == head
