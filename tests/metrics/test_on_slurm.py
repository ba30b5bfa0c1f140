"""The real daemon on the real Slurm: what its own page says of a service that was started."""

from __future__ import annotations

import re

import pytest

from lab.factory import Factory
from tests.e2e.world import files, metric, page, until

pytestmark = pytest.mark.slurm


def test_a_start_is_timed_counted_and_shown(factory: Factory) -> None:
    factory.commit(files("a"), "one service")
    factory.start()
    factory.wait_healthy(["a"])
    names = {"service": "a", "target": "slurm"}
    until("its start is counted", lambda: bool(_value(factory, "service_start_duration_seconds_count", target="slurm")))
    until("it was healthy for a while", lambda: bool(_value(factory, "service_availability", **names)))
    text = page(factory.state, "/metrics")
    assert metric(text, "reconciler_service_queue_wait_seconds_count", target="slurm") == 1
    took = metric(text, "reconciler_service_start_duration_seconds_sum", target="slurm")
    assert took is not None
    assert 0 <= took < 600
    assert metric(text, "reconciler_target_jobs", target="slurm", phase="Running") == 1
    assert metric(text, "reconciler_service_restarts_total", **names, reason="unhealthy") == 0
    assert metric(text, "reconciler_action_duration_seconds_count", target="slurm", action="deploy") == 1
    assert (metric(text, "reconciler_source_fetch_duration_seconds_count") or 0) > 0
    assert (metric(text, "reconciler_source_last_success_timestamp_seconds") or 0) > 0
    assert re.search(r'^reconciler_service_endpoint_up\{instance="\d+",replica="0",service="a",', text, re.MULTILINE)


def _value(factory: Factory, name: str, **labels: str) -> float | None:
    return metric(page(factory.state, "/metrics"), f"reconciler_{name}", **labels)
