"""A service that is told as much as a ConfigMap can hold, and one that is told more."""

from __future__ import annotations

import pytest

from tests.faults.kubernetes.cloud import Cloud
from tests.faults.kubernetes.recipes import LARGE, LARGE_PATH

pytestmark = pytest.mark.controlplane

MUCH = 1_000_000


def test_a_megabyte_is_applied_and_more_is_refused_in_words(cloud: Cloud, name: str) -> None:
    cloud.want("much", recipe="large", config={"text": "x" * MUCH})
    cloud.wait_there("much")
    assert cloud.item("ConfigMap", "much")["data"]["text"] == "x" * MUCH
    before = cloud.uids()
    more = LARGE.replace('text: {type: string, default: ""', f'text: {{type: string, default: "{"y" * 600_000}"')
    cloud.commit({LARGE_PATH: more}, "a recipe that says much by itself")
    cloud.want("more", recipe="large", config={"more": "x" * 600_000})
    line = cloud.wait_line("more", lambda line: "ConfigMap" in line.why)
    assert "bytes" in line.why
    assert len(line.why) < 1000
    assert cloud.is_alive()
    assert cloud.uids() == before
    cloud.drop("much", "more")
    cloud.wait_gone("much")
    cloud.wait_there(name)
