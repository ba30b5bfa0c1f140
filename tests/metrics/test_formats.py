"""Both formats are read back by the client library's parsers, whatever the labels are."""

from __future__ import annotations

import gzip
from dataclasses import replace
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from prometheus_client import Histogram as LibraryHistogram
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_open
from prometheus_client.parser import text_string_to_metric_families as parse_text

from reconciler.board import Board, Histogram
from reconciler.metrics import Exporter, Form, choose, gzipped, takes_gzip
from reconciler.metrics.exposition import LONGEST
from reconciler.models.status import Fight, Serving, SourceStatus, TargetStatus
from reconciler.models.workload import Drift, Instance
from tests.metrics.sample import NOW, full, line
from tests.samples import REVISION

PARSERS = {Form.TEXT: parse_text, Form.OPEN: parse_open}
FORMS = pytest.mark.parametrize("form", list(Form))
# Lone surrogates are not text that YAML, Git or squeue's output can come to.
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=150)

Found = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def read(board: Board, form: Form) -> Found:
    page = Exporter(board, lambda: NOW).page(form).decode()
    samples = [sample for family in PARSERS[form](page) for sample in family.samples]
    found = {(one.name, tuple(sorted(one.labels.items()))): one.value for one in samples}
    assert len(found) == len(samples)  # no series is there twice
    return found


@FORMS
@given(name=WORDS, revision=WORDS, key=WORDS, value=WORDS, pod=WORDS, manager=WORDS)
def test_labels_come_back_as_they_were(
    form: Form, name: str, revision: str, key: str, value: str, pod: str, manager: str
) -> None:
    board = Board()
    one = replace(
        line(name, target="t"),
        revision=revision,
        labels={key: value},
        serving=(Serving(0, pod, Instance(pod), up=True),),
        fights=(Fight(Drift("a", "/b", manager), 2, NOW),),
    )
    board.post_target(TargetStatus("t", "slurm", reachable=True), (one,))
    found = {name: labels for name, labels in read(board, form) if not name.startswith("process")}
    name = name[:LONGEST]
    assert dict(found["reconciler_service_info"])["revision"] == revision[:LONGEST]
    assert dict(found["reconciler_service_info"])["service"] == name
    assert dict(found["reconciler_service_endpoint_up"])["instance"] == pod[:LONGEST]
    assert dict(found["reconciler_service_fight"])["manager"] == manager[:LONGEST]
    (label,) = [text for key, text in found["reconciler_service_labels"] if key.startswith("label_")]
    assert label == value[:LONGEST]


def test_both_formats_have_the_same_samples() -> None:
    board = full()
    own = [
        {key: value for key, value in read(board, form).items() if not key[0].startswith("process")} for form in Form
    ]
    assert own[0] == own[1]


def test_openmetrics_has_the_commit_as_exemplar_and_ends() -> None:
    page = Exporter(full(), lambda: NOW).page(Form.OPEN).decode()
    assert page.endswith("# EOF\n")
    assert page.count("# EOF") == 1
    examples = {
        sample.name: sample.exemplar
        for family in parse_open(page)
        for sample in family.samples
        if sample.exemplar is not None
    }
    assert examples.keys() == {
        "reconciler_actions_total",
        "reconciler_action_duration_seconds_bucket",
        "reconciler_probe_duration_seconds_bucket",
        "reconciler_service_queue_wait_seconds_bucket",
        "reconciler_service_start_duration_seconds_bucket",
        "reconciler_source_fetch_duration_seconds_bucket",
        "reconciler_turn_duration_seconds_bucket",
    }
    assert examples["reconciler_turn_duration_seconds_bucket"].value == 0.07
    revisions = {name: example.labels["revision"] for name, example in examples.items()}
    assert {text for name, text in revisions.items() if "service" not in name} == {REVISION.short}
    assert "revision=" not in Exporter(Board(), lambda: NOW).page(Form.OPEN).decode()
    text = Exporter(full(), lambda: NOW).page().decode()
    assert " # {" not in text
    assert "# EOF" not in text


@given(st.lists(st.floats(-10, 1e6), min_size=1, max_size=50))
def test_buckets_are_those_of_the_client_library(seconds: list[float]) -> None:
    registry = CollectorRegistry()
    known = LibraryHistogram("x", "y", registry=registry, buckets=(0.1, 1.0, 10.0))
    ours = Histogram((0.1, 1.0, 10.0))
    for one in seconds:
        known.observe(max(0.0, one))
        ours = ours.add(one)
    wanted = [registry.get_sample_value("x_bucket", {"le": le}) for le in ("0.1", "1.0", "10.0", "+Inf")]
    assert list(accumulate(ours.counts)) == wanted
    assert ours.total == registry.get_sample_value("x_sum")


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("", Form.TEXT),
        ("*/*", Form.TEXT),
        ("text/plain;version=0.0.4", Form.TEXT),
        ("application/openmetrics-text", Form.OPEN),
        ("application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1", Form.OPEN),
        ("Application/OpenMetrics-Text ; Version=0.0.1 ; charset=utf-8", Form.OPEN),
        ("application/openmetrics-text;version=2.0.0", Form.TEXT),
        ("application/openmetrics-text;q=0", Form.TEXT),
        ("application/openmetrics-text;q=0.3,text/plain;q=0.9", Form.TEXT),
        ("application/openmetrics-text;q=much", Form.TEXT),
        (";;,=,q=1;q", Form.TEXT),
        ("application/json", Form.TEXT),
        ("x," * 100_000 + "application/openmetrics-text", Form.TEXT),
    ],
)
def test_the_format_is_the_one_that_is_asked_for(accept: str, form: Form) -> None:
    assert choose(accept) is form


def test_a_page_comes_gzipped_where_that_is_taken() -> None:
    assert [takes_gzip(one) for one in ("gzip", "br, GZIP;q=0.5", "", "identity", "gzip;q=0", "br")] == [
        True,
        True,
        False,
        False,
        False,
        False,
    ]
    page = Exporter(full(), lambda: NOW).page()
    assert gzip.decompress(gzipped(page)) == page


def test_what_strangers_write_is_bounded() -> None:
    board = Board()
    labels = {f"k{number:02}/x": "v" * 1000 for number in range(50)}
    many = tuple(Serving(0, str(number), Instance(str(number)), up=False) for number in range(500))
    fights = tuple(Fight(Drift("a", "/b", f"{number:03}" + "m" * 500), 2, NOW) for number in range(100))
    one = replace(line(target="t"), labels=labels, serving=many, fights=fights, why="password=hunter2")
    other = replace(line("b", target="t"), labels={"a-b": "1", "a_b": "2"})
    board.post_source(SourceStatus(REVISION, "cannot be read: https://user:hunter2@host"))
    board.post_target(TargetStatus("t", "slurm", reachable=False, why="hunter2", restarts_held="hunter2"), (one, other))
    for form in Form:
        found = read(board, form)
        shown = [dict(labels) for name, labels in found if name == "reconciler_service_labels"]
        assert [len(labels) for labels in shown] == [12, 3]
        assert shown[1]["label_a_b"] == "1"
        assert sum(name == "reconciler_service_endpoint_up" for name, _ in found) == 64
        assert sum(name == "reconciler_service_fight" for name, _ in found) == 8
        assert max(len(text) for _, labels in found for _, text in labels) <= LONGEST
        assert b"hunter2" not in Exporter(board, lambda: NOW).page(form)
