"""A service that is told as much as a ConfigMap can hold, and one that is told more."""

from __future__ import annotations

import pytest

from tests.faults.kubernetes.cloud import Cloud
from tests.faults.kubernetes.recipes import LARGE_PATH, TEXT, large

pytestmark = pytest.mark.controlplane

MUCH = {f"p{number}": TEXT for number in range(250)}


def test_a_megabyte_is_applied_and_more_is_refused_in_words(cloud: Cloud, name: str) -> None:
    cloud.want("much", recipe="large", config=MUCH)
    cloud.wait_there("much")
    data = cloud.item("ConfigMap", "much")["data"]
    assert sum(map(len, data.values())) == 1_000_000
    before = cloud.uids()
    cloud.commit({LARGE_PATH: large(more=100)}, "a recipe that says much by itself")
    line = cloud.wait_line("much", lambda line: "bytes" in line.why)
    assert f"ConfigMap {cloud.namespace}/much" in line.why
    assert len(line.why) < 1000
    assert cloud.uids() == before
    assert cloud.item("ConfigMap", "much")["data"] == data
    cloud.want(name, env={"WORD": "new"})
    cloud.until("others go on", lambda: "WORD" in str(cloud.item("Deployment", name)["spec"]["template"]))
    cloud.drop("much")
    cloud.wait_gone("much")
