"""What is in the lists, and what stays the same in them."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from reconciler.discovery import Group, lacking, probe_groups, scrape_groups, text_of
from reconciler.models.recipe import MetricsEndpoint
from reconciler.models.status import SourceStatus
from tests.discovery.lines import CLOUD, GRPC, SLURM, SOURCE, job, line, pod, table


def kept(group: Group) -> dict[str, str]:
    """The labels that its series have."""
    return {name: value for name, value in group["labels"].items() if not name.startswith("__")}


def only(groups: list[Group]) -> Group:
    (group,) = groups
    return group


def test_a_job_is_found_with_all_that_is_known_of_it() -> None:
    labels = {"team": "nlp", "example.org/tier": "gold"}
    group = only(scrape_groups(table(line(job(4711, replica=2), labels=labels, revision="abc"))))
    assert group == {
        "targets": ["n1:20001"],
        "labels": {
            "__scheme__": "http",
            "__metrics_path__": "/metrics",
            "instance": "web.2",
            "service": "web",
            "replica": "2",
            "target": "site",
            "platform": "slurm",
            "recipe": "faiss",
            "label_example_org_tier": "gold",
            "label_team": "nlp",
            "__meta_reconciler_job_id": "4711",
            "__meta_reconciler_node": "n1",
            "__meta_reconciler_revision": "abc",
        },
    }


def test_a_renewal_changes_the_address_and_nothing_that_series_are_known_by() -> None:
    before = only(scrape_groups(table(line(job(1)))))
    starts = only(scrape_groups(table(line(job(1), job(2, "n2", up=False)))))
    overlap = only(scrape_groups(table(line(job(1), job(2, "n2")))))
    after = only(scrape_groups(table(line(job(2, "n2")))))
    assert [one["targets"] for one in (before, starts, overlap, after)] == [["n1:20001"]] * 2 + [["n2:20001"]] * 2
    assert kept(before) == kept(starts) == kept(overlap) == kept(after)


def test_of_two_jobs_the_newer_one_counts_whatever_their_order_and_length() -> None:
    for jobs in ((job(9, "old"), job(10, "new")), (job(10, "new"), job(9, "old"))):
        assert only(scrape_groups(table(line(*jobs))))["targets"] == ["new:20001"]


def test_pods_of_a_stateful_set_have_its_numbers_and_others_their_own_names() -> None:
    pods = (pod("web-0"), pod("web-7d4b9c-x2x9p", "[fd00::1]"))
    first, second = scrape_groups(table(line(*pods, target=CLOUD)))
    assert (first["labels"]["instance"], second["labels"]["instance"]) == ("web.0", "web.7d4b9c-x2x9p")
    assert second["targets"] == ["[fd00::1]:8080"]
    where = {name: value for name, value in first["labels"].items() if name.startswith("__meta")}
    assert where == {
        "__meta_reconciler_namespace": "ai",
        "__meta_reconciler_pod": "web-0",
        "__meta_reconciler_node": "n1",
        "__meta_reconciler_revision": "",
    }


@pytest.mark.parametrize(
    "one",
    [
        line(job(1, up=False)),
        line(job(1), scrape=None),
        line(job(1), scrape=MetricsEndpoint(port="other")),
        line(),
        replace(line(job(1)), target=""),
    ],
    ids=["not up", "exports nothing", "has not told its port yet", "does not run", "is nowhere"],
)
def test_what_cannot_be_scraped_is_not_listed(one: object) -> None:
    assert scrape_groups(table(one)) == []  # type: ignore[arg-type]  # all of them are lines


def test_the_scheme_and_the_path_are_the_recipes() -> None:
    scrape = MetricsEndpoint(port="http", path="/v2/metrics", scheme="https")
    labels = only(scrape_groups(table(line(job(1), scrape=scrape))))["labels"]
    assert (labels["__scheme__"], labels["__metrics_path__"]) == ("https", "/v2/metrics")


def test_lists_can_be_narrowed() -> None:
    status = table(line(job(1)), line(pod("web-0"), target=CLOUD), line(job(2), service="db", recipe="other"))
    assert [one["labels"]["target"] for one in scrape_groups(status, target="cloud")] == ["cloud"]
    assert [one["labels"]["service"] for one in scrape_groups(status, recipe="other")] == ["db"]
    assert scrape_groups(status, target="cloud", recipe="other") == []


def test_probes_name_every_port_of_every_instance_up_or_not() -> None:
    ports = {"http": 1, "grpc": 2, "metrics": 3}
    groups = probe_groups(table(line(job(1, up=False, **ports))))
    assert [(one["targets"], one["labels"]["__param_module"], one["labels"]["port"]) for one in groups] == [
        (["n1:2"], "tcp", "grpc"),
        (["http://n1:1/healthz"], "http", "http"),
        (["n1:3"], "tcp", "metrics"),
    ]
    assert {one["labels"]["probe"] == one["labels"]["__param_module"] for one in groups} == {True}
    by_grpc = probe_groups(table(line(job(1, **ports), probe=GRPC)))
    assert [one["labels"]["probe"] for one in by_grpc] == ["grpc", "tcp", "tcp"]
    assert len({json.dumps(kept(one)) for one in by_grpc}) == 3


def test_at_most_ten_labels_and_no_two_of_one_name() -> None:
    labels = {f"l{number:02}": "x" for number in range(12)} | {"a.b": "first", "a/b": "second"}
    found = only(scrape_groups(table(line(job(1), labels=labels))))["labels"]
    assert {name for name in found if name.startswith("label_")} == {"label_a_b", *(f"label_l{n:02}" for n in range(8))}
    assert found["label_a_b"] == "first"


def test_a_list_is_whole_when_the_repository_and_every_target_in_question_were_seen() -> None:
    away = replace(SLURM, reachable=False, looked=None)
    status = table(targets=(away, CLOUD))
    assert lacking(status, ("cloud",)) == []
    assert lacking(status, ("site", "cloud")) == ["target site was not seen yet"]
    assert lacking(status, ("nowhere",)) == ["target nowhere was not seen yet"]
    assert lacking(replace(status, source=SourceStatus()), ("cloud",)) == ["the repository was not read yet"]
    assert lacking(table(targets=(replace(SLURM, reachable=False),)), ("site",)) == []


def test_the_text_is_json_with_a_group_in_each_line() -> None:
    groups = scrape_groups(table(line(job(1)), line(job(2, 'n"2'), service="x")))
    text = text_of(groups)
    assert json.loads(text) == groups
    assert len(text.splitlines()) == 2 + len(groups)
    assert text_of([]) == "[]\n"
    assert SOURCE.revision is not None
