"""The lab's monitoring: the real programs, each on a port of its own, and nothing left of them."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from lab import proc
from lab.host import LabError
from lab.monitoring import Prometheus, promtool, scrape_config
from lab.monitoring_others import Alertmanager, Blackbox, PostgresExporter
from lab.wait import until
from tests.probe.servers import SERVING, grpc_server

RULES = """\
groups:
  - name: lab
    rules:
      - {alert: Always, expr: vector(1), labels: {severity: info}}
"""


@contextmanager
def receiver() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A webhook on loopback: its address, and what it has got so far."""
    got: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/", got
        server.shutdown()
        thread.join()


def test_it_scrapes_itself_answers_and_leaves_nothing(lab_prometheus: Prometheus) -> None:
    lab_prometheus.start()
    pid = lab_prometheus.pid
    assert pid
    lab_prometheus.reload(scrape_config({"itself": [f"127.0.0.1:{lab_prometheus.port}"]}))
    (sample,) = lab_prometheus.wait_for('up{job="itself"} == 1')
    assert sample.labels["instance"] == f"127.0.0.1:{lab_prometheus.port}"
    assert [one["health"] for one in lab_prometheus.targets()] == ["up"]
    assert lab_prometheus.query("1 + 1")[0].value == 2
    with pytest.raises(LabError, match="parse error"):
        lab_prometheus.query("up{")
    with pytest.raises(LabError, match="couldn't load configuration"):
        lab_prometheus.reload("nonsense: true")
    lab_prometheus.close()
    assert proc.look(pid) is None


def test_samples_of_another_day_can_be_loaded(lab_prometheus: Prometheus) -> None:
    day = int(time.time()) - 86_400
    lines = [f'made_total{{service="a"}} {n * 10} {day + n * 60}' for n in range(30)]
    lab_prometheus.load("# TYPE made counter\n" + "\n".join(lines))
    lab_prometheus.start()
    (series,) = lab_prometheus.query_range("rate(made_total[5m]) * 60", day + 600, day + 900, 60)
    assert [round(value) for _, value in series.values] == [10] * 6
    assert lab_prometheus.series("made_total") == [{"__name__": "made_total", "service": "a"}]


def test_an_alert_goes_the_whole_way(lab_prometheus: Prometheus, tmp_path: Path) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text(RULES)
    assert promtool("check", "rules", str(rules)).returncode == 0
    with receiver() as (url, got), Alertmanager(tmp_path / "alertmanager") as manager:
        manager.start(webhook_url=url)
        address = f"127.0.0.1:{manager.port}"
        lab_prometheus.start(scrape_config({}, rules=[rules], alertmanagers=[address]))
        until(lambda: bool(got), 60, "the alert at the webhook")
        assert got[0]["alerts"][0]["labels"]["alertname"] == "Always"
        assert [one["labels"]["severity"] for one in manager.alerts()] == ["info"]
        assert [one["state"] for one in lab_prometheus.alerts()] == ["firing"]


def test_the_exporters_answer(tmp_path: Path) -> None:
    with Blackbox(tmp_path / "blackbox") as blackbox, PostgresExporter(tmp_path / "postgres") as postgres:
        blackbox.start()
        postgres.start("postgresql://nobody@127.0.0.1:9/none?sslmode=disable")
        probe = blackbox.get(f"/probe?module=http&target={postgres.url}/").decode()
        assert "probe_success 1" in probe.splitlines()
        with grpc_server(whole=SERVING) as address:
            probe = blackbox.get(f"/probe?module=grpc&target={address}").decode()
        assert "probe_success 1" in probe.splitlines()
        assert "pg_up 0" in postgres.get("/metrics").decode().splitlines()
