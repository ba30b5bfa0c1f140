"""Metrics, pages, table and story tell one verdict, as they are made of one board."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from reconciler.board import Board
from reconciler.cli.story import text_of
from reconciler.cli.table import plain
from reconciler.explain import tell
from reconciler.models.health import Health
from reconciler.models.status import ServiceStatus, SourceStatus, State, TargetStatus
from reconciler.shapes.status import ChangeShape, StatusShape
from reconciler.shapes.story import StoryShape
from reconciler.web import PageServer, make_app
from tests.fakes import START
from tests.samples import REVISION
from tests.web.test_pages import get

LINES = st.builds(
    ServiceStatus,
    service=st.sampled_from(["a", "b", "c-d"]),
    target=st.just("slurm"),
    recipe=st.sampled_from(["web", ""]),
    state=st.sampled_from(State),
    health=st.sampled_from(Health),
    since=st.integers(0, 10**6).map(lambda seconds: START - timedelta(seconds=seconds)),
    why=st.sampled_from(["", "replica 0: GET /: 503", 'x"\n\\ \u202e']),
    revision=st.sampled_from(["0123456789ab", ""]),
    replicas=st.integers(0, 3),
    ready=st.integers(0, 3),
)
TABLES = st.lists(LINES, max_size=3, unique_by=lambda line: line.service).map(tuple)


@pytest.fixture(scope="module")
def site() -> Iterator[tuple[str, Board]]:
    board = Board()
    board.post_source(SourceStatus(REVISION))
    server = PageServer("127.0.0.1:0")
    server.start(make_app(board, lambda: START, ("slurm",)))
    yield server.address, board
    server.close()


def shown_by_metrics(address: str, family: str, label: str) -> dict[str, str]:
    families = text_string_to_metric_families(get(f"{address}/metrics")[1])
    samples = [sample for one in families if one.name == family for sample in one.samples if sample.value == 1]
    found = {sample.labels["service"]: sample.labels[label] for sample in samples}
    assert len(found) == len(samples), "more than one of a service is 1"
    return found


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tables=st.lists(TABLES, min_size=1, max_size=4))
def test_they_agree_on_every_service(site: tuple[str, Board], tables: list[tuple[ServiceStatus, ...]]) -> None:
    address, board = site
    for number, table in enumerate(tables):
        at = START + timedelta(seconds=number)
        board.post_target(TargetStatus("slurm", "slurm", reachable=True, looked=at), table, at)
    truth = {line.service: (line.state.value, line.health.value) for line in tables[-1]}

    assert shown_by_metrics(address, "reconciler_service_state", "state") == {
        name: state for name, (state, _) in truth.items()
    }
    assert shown_by_metrics(address, "reconciler_service_health", "health") == {
        name: health for name, (_, health) in truth.items()
    }
    shape = StatusShape.model_validate_json(get(f"{address}/status")[1])
    assert {one.service: (one.state, one.health) for one in shape.services} == truth
    heads = {line.partition(": ")[0]: line.partition(": ")[2].replace(":", "").split()[2:4] for line in plain(shape)}
    assert heads.keys() == truth.keys()
    for name, verdict in truth.items():
        (story,) = [StoryShape.model_validate(one) for one in json.loads(get(f"{address}/services/{name}/explain")[1])]
        assert text_of(story, START).startswith(f"{name} on slurm: {verdict[0]}, {verdict[1]}")
        changes = [ChangeShape.model_validate(one) for one in json.loads(get(f"{address}/services/{name}/history")[1])]
        assert (changes[-1].after.state, changes[-1].after.health) == verdict
        assert changes == story.history
        (line,) = [one for one in shape.services if one.service == name]
        assert line.changed == changes[-1]
        assert tuple(heads[name]) == verdict


def test_the_story_of_what_only_git_knows_has_no_history() -> None:
    board = Board()
    board.post_source(SourceStatus(REVISION, held={"bad": "its file is bad"}))
    (story,) = tell(board.status(), board.views(), "bad", START)
    assert board.history("bad", story.line.target) == ()
    server = PageServer("127.0.0.1:0")
    server.start(make_app(board, lambda: START, ()))
    answers = [get(f"{server.address}/services/bad/{page}") for page in ("history", "logs")]
    server.close()
    assert answers == [(200, "[]"), (200, "[]")]
