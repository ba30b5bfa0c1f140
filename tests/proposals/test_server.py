"""The seed's interface, in Python: names, values that are left open, and what is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from reconciler.board import Board
from reconciler.desired.load import Desired
from reconciler.errors import InputError, MissingError, SourceError, TakenError
from reconciler.models.health import Health
from reconciler.models.proposal import Accepted, Asked, Caller, Proposal, Role, Start, Stop
from reconciler.models.status import ServiceStatus, State, TargetStatus
from reconciler.models.units import ServiceName
from reconciler.proposals import ServerService
from reconciler.proposals.base import nothing_earlier
from reconciler.proposals.message import digest_of
from reconciler.proposals.names import branch_name, restart_value, service_name
from reconciler.proposals.rights import may_have
from tests.fakes import START
from tests.proposals.world import ADMIN, BENCH, LOADER, FakeRepository, scribe, start

NAMES: TypeAdapter[str] = TypeAdapter(ServiceName)
USUAL = Asked(ADMIN, reason="from a notebook")


def server(repository: FakeRepository, board: Board | None = None) -> ServerService:
    """One that proposes to a repository; what is in force is its head."""

    def desired() -> Desired:
        return LOADER.load(repository.read(repository.head()), nothing_earlier)

    return ServerService(board or Board(), desired, scribe(repository).propose, USUAL, lambda: START)


def test_the_seeds_flow() -> None:
    repository = FakeRepository()
    one = server(repository)
    started = one.start_service("faiss", name="llama", spec={"target": "meluxina"}, labels={"team": "nlp"})
    assert one.update_service("llama", {"replicas": 2}, {"team": None}).changed
    assert one.restart_service("llama").changed
    assert 'restart: "2026-01-01T00:00:00.000000+00:00"' in repository.files()[started.path]
    assert one.suspend_service("llama").changed
    assert one.resume_service("llama").changed
    assert one.stop_service("llama").changed
    assert all("Requested-Because: from a notebook" in made.message for made in repository.history()[:-1])
    with pytest.raises(MissingError):
        one.stop_service("llama")


def test_nodes_and_parameters_go_where_the_document_has_them() -> None:
    asked: list[Proposal] = []

    def propose(proposal: Proposal) -> Accepted:
        asked.append(proposal)
        raise TakenError("enough")

    one = ServerService(Board(), lambda: None, propose, USUAL)
    with pytest.raises(TakenError):
        one.start_service("vllm", 2, {"model": "m"}, "llama", spec={"target": "meluxina"}, folder="desired/x")
    request = asked[0].request
    assert request == Start("llama", request.spec, {}, "desired/x")  # type: ignore[union-attr]
    assert list(request.spec.items()) == [  # type: ignore[union-attr]
        ("recipe", "vllm"),
        ("nodes", 2),
        ("config", {"model": "m"}),
        ("target", "meluxina"),
    ]


@pytest.mark.parametrize("spec", [{"recipe": "vllm"}, {"nodes": 3}, {"config": {"x": 1}}])
def test_what_is_said_twice_must_be_the_same(spec: dict[str, object]) -> None:
    with pytest.raises(InputError, match=f"spec.{next(iter(spec))}: is given twice"):
        server(FakeRepository()).start_service("faiss", 2, {"x": 2}, "a", spec=spec)


def test_a_service_may_be_started_by_a_caller_of_its_own() -> None:
    repository = FakeRepository()
    made = server(repository).start_service("faiss", spec={"target": "meluxina"}, asked=Asked(BENCH, key="k"))
    again = server(repository).start_service("faiss", spec={"target": "meluxina"}, asked=Asked(BENCH, key="k"))
    assert (again.commit, again.service, again.replayed) == (made.commit, made.service, True)
    assert repository.head().author == "bench"


@given(st.text(max_size=80), st.text(min_size=1, max_size=5) | st.just(""))
def test_a_made_name_is_a_name_whatever_the_recipe_is_called(recipe: str, key: str) -> None:
    asked = Asked(ADMIN, key=key)
    name = service_name(recipe, asked)
    assert NAMES.validate_python(name) == name
    assert (service_name(recipe, asked) == name) is bool(key)


@pytest.mark.parametrize(
    ("patterns", "begin"),
    [
        (("bench-*",), "bench-faiss-"),
        (("mine", "*-bench"), "faiss-"),
        (("*",), "faiss-"),
        ((f"{'x' * 45}-*",), "x" * 44),
        (("team-?-*",), "team-"),
    ],
)
def test_a_made_name_is_one_that_its_caller_may_have(patterns: tuple[str, ...], begin: str) -> None:
    caller = Caller("bench", "token", Role.PROPOSE, patterns)
    for key in ("", "k"):
        name = service_name("faiss", Asked(caller, key=key))
        assert NAMES.validate_python(name) == name
        assert name.startswith(begin)
        assert may_have(caller, name)


def test_where_no_name_can_be_made_the_usual_one_is_refused() -> None:
    caller = Caller("bench", "token", Role.PROPOSE, ("mine",))
    assert service_name("faiss", Asked(caller)).startswith("faiss-")


@given(st.text(min_size=1, max_size=5), st.text(min_size=1, max_size=5))
def test_values_of_a_key_are_its_callers_and_its_own(one: str, other: str) -> None:
    keys = Asked(ADMIN, key=one), Asked(ADMIN, key=other), Asked(BENCH, key=one)
    made: list[Callable[[Asked], str]] = [
        lambda asked: restart_value(asked, START),
        lambda asked: branch_name("bot/", Proposal(start("a"), asked)),
    ]
    for make in made:
        assert make(keys[0]) == make(replace(keys[0], reason="x"))
        assert (make(keys[0]) == make(keys[1])) is (one == other)
        assert make(keys[0]) != make(keys[2])


def test_the_branch_of_a_key_tells_the_request() -> None:
    asked = Asked(ADMIN, key="k")
    one, other = Proposal(start("a"), asked), Proposal(Stop("a"), asked)
    assert branch_name("bot/", one).removesuffix(digest_of(one)[:8]) == branch_name("bot/", other).removesuffix(
        digest_of(other)[:8]
    )
    free = Proposal(start("a"), Asked(ADMIN))
    assert branch_name("bot/", free) != branch_name("bot/", free)


def test_what_is_read() -> None:
    board, repository = Board(), FakeRepository()
    one = server(repository, board)
    line = ServiceStatus("first", "meluxina", "faiss", State.RUNNING, Health.HEALTHY, START, "", labels={"a": "b"})
    board.post_target(TargetStatus("meluxina", "slurm", reachable=True), (line, replace(line, service="second")), START)
    assert [found.service for found in one.list_services()] == ["first", "second"]
    assert [found.service for found in one.list_services(recipe="faiss", label=["a=b"], name="f*")] == ["first"]
    assert one.list_services(health="Failed", target=["meluxina"]) == []
    with pytest.raises(InputError, match="health: is no filter; found text `Splendid`"):
        one.list_services(health="Splendid")
    assert one.get_service("first").service == "first"
    with pytest.raises(MissingError, match="first"):
        one.get_service("firs")
    assert {"faiss", "vllm"} <= {found.name for found in one.list_recipes()}
    assert one.get_recipe("vllm").name == "vllm"
    with pytest.raises(MissingError, match="vllm"):
        one.get_recipe("vlm")


def test_before_the_first_revision_recipes_are_not_known_yet() -> None:
    one = ServerService(Board(), lambda: None, scribe(FakeRepository()).propose, USUAL)
    with pytest.raises(SourceError, match="not read yet"):
        one.list_recipes()


def test_each_proposal_is_a_line_of_the_audit(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "reconciler.audit")
    one = server(FakeRepository())
    asked = Asked(Caller("eve\n", "oidc", Role.PROPOSE), reason="why\nnot")
    made = one.start_service("faiss", name="llama", spec={"target": "meluxina"}, asked=asked)
    with pytest.raises(TakenError):
        one.start_service("faiss", name="llama", asked=asked)
    first, second = caplog.records
    fields = ("caller", "through", "service", "revision", "action", "after", "reason")
    assert [getattr(first, field) for field in fields] == [
        "eve\n",
        "oidc",
        "llama",
        made.commit[:12],
        "start",
        "committed",
        "why\nnot",
    ]
    assert (second.after, "llama" in second.error) == ("conflict", True)  # type: ignore[attr-defined]
