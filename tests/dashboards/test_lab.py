"""The dashboards' queries, put to a Prometheus that scrapes a real daemon on the real Slurm."""

from __future__ import annotations

import math
import time

import pytest

from dashboards.make.asking import filled
from dashboards.make.charts import Chart, Page
from dashboards.make.pages import PAGES
from lab.factory import Factory
from lab.monitoring import Prometheus, Sample, scrape_config
from tests.dashboards.store import values
from tests.e2e.world import files, service

pytestmark = [pytest.mark.slurm]

SMALL = {"cpus": 1, "memory": "256Mi", "gpus": 0}
IMPATIENT = 90.0


def config(factory: Factory) -> str:
    """The scrapes of docs/dashboards.md: the daemon, and what its service discovery tells."""
    address = (factory.state / "http").read_text().strip()
    daemon = {"honor_labels": True, "static_configs": [{"targets": [address.removeprefix("http://")]}]}
    found = {"http_sd_configs": [{"url": f"{address}/sd", "refresh_interval": "1s"}]}
    return scrape_config({"reconciler": daemon, "services": found})


def numbers(found: list[Sample]) -> bool:
    return any(not math.isnan(sample.value) for sample in found)


def wanted(page: Page, chart: Chart) -> bool:
    """Whether a factory without troubles has data for it, of which the one service here is a FAISS server."""
    return not chart.calm or (chart.of == "faiss" and page.uid == "reconciler-service")


def test_a_real_daemon_has_data_for_every_panel(factory: Factory, lab_prometheus: Prometheus) -> None:
    factory.commit(files("web"), "one service")
    factory.start()
    factory.wait_healthy(["web"], 90)
    lab_prometheus.start()
    lab_prometheus.reload(config(factory))
    lab_prometheus.wait_for('up{job="reconciler"} == 1')
    vectors = service("vectors", recipe="faiss", resources=SMALL, config={"dimension": 4})
    factory.commit({"desired/vectors.yaml": vectors}, "another")
    factory.wait_healthy(["vectors"], 90)
    lab_prometheus.wait_for('up{job="services"} == 1')

    deadline = time.monotonic() + IMPATIENT
    for page in PAGES:
        chosen = values(page, service="vectors", target="slurm") | {"__rate_interval": "30s"}
        for chart in page.charts():
            for ask in chart.asks if wanted(page, chart) else ():
                if not ask.calm and "operation" not in ask.expr:  # nobody searches here
                    left = max(1.0, deadline - time.monotonic())
                    lab_prometheus.wait_for(filled(ask.expr, chosen), numbers, left)
