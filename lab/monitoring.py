"""A real Prometheus and what stands around it, from Debian's packages: for tests, and for who builds on Reconciler.

with Prometheus(folder) as prometheus:
    prometheus.start(scrape_config({"reconciler": ["127.0.0.1:9464"]}))
    prometheus.wait_for('up == 1')
    prometheus.query('reconciler_service_health{health="Healthy"}')
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlencode

from lab import host
from lab.host import LabError
from lab.server import Server

_PAUSE = 0.1
_TIME = 120.0


@dataclass(frozen=True, slots=True)
class Sample:
    """One series at one moment. `labels` has `__name__` where the expression keeps it; `at` is in Unix seconds."""

    labels: Mapping[str, str]
    value: float
    at: float


@dataclass(frozen=True, slots=True)
class Series:
    """One series over a span of time: (Unix seconds, value) pairs, oldest first."""

    labels: Mapping[str, str]
    values: tuple[tuple[float, float], ...]


def promtool(*argv: str) -> subprocess.CompletedProcess[str]:
    """Run promtool to its end; a failure is the caller's to look at. Raises LabError when it cannot be had."""
    host.install("monitoring")
    command = [host.program("promtool"), *argv]
    return subprocess.run(command, capture_output=True, text=True, timeout=_TIME, check=False)


def scrape_config(
    jobs: Mapping[str, Sequence[str] | Mapping[str, Any]],
    *,
    interval: str = "1s",
    rules: Sequence[Path] = (),
    alertmanagers: Sequence[str] = (),
) -> str:
    """The text of a configuration: job name → host:port addresses, or the keys of a whole scrape_config.

    `interval` is that of scrapes and rules; `alertmanagers` are host:port addresses. JSON is YAML.
    """
    scrapes = [{"job_name": name, **(job if isinstance(job, Mapping) else _static(job))} for name, job in jobs.items()]
    managers = [{"static_configs": [{"targets": list(alertmanagers)}]}]
    content = {
        "global": {"scrape_interval": interval, "scrape_timeout": interval, "evaluation_interval": interval},
        "rule_files": [str(path) for path in rules],
        "scrape_configs": scrapes,
        **({"alerting": {"alertmanagers": managers}} if alertmanagers else {}),
    }
    return json.dumps(content, indent=2) + "\n"


def _static(addresses: Sequence[str]) -> dict[str, Any]:
    """Reconciler's metrics have labels of their own that Prometheus would rename otherwise (`service`, `instance`)."""
    return {"honor_labels": True, "static_configs": [{"targets": list(addresses)}]}


class Prometheus(Server):
    """A Prometheus server with a small store of its own in `folder`."""

    program = "prometheus"

    def load(self, text: str) -> None:
        """Fill the store before the start from OpenMetrics text with a time at each sample. Raises LabError.

        `# EOF` is added when it is missing; times are Unix seconds and not in the future.
        """
        source = self.folder / "load.om"
        source.write_text(text if text.endswith("# EOF\n") else f"{text.rstrip()}\n# EOF\n")
        done = promtool("tsdb", "create-blocks-from", "openmetrics", str(source), str(self.folder / "store"))
        source.unlink()
        if done.returncode:
            raise LabError(f"promtool cannot make blocks of these samples: {done.stderr.strip()}")

    def start(self, config: str | Mapping[str, Sequence[str]] = "", flags: Sequence[str] = ()) -> Self:
        """Start and wait until it is ready; one that was closed goes on with what it knew. Raises LabError.

        `config` is the text of its configuration, or job name → addresses. `flags` are added to the command line.
        """
        self.configure(config if isinstance(config, str) else scrape_config(config))
        return self.run(
            lambda port: (
                f"--config.file={self.config}",
                f"--storage.tsdb.path={self.folder / 'store'}",
                "--storage.tsdb.retention.time=10y",  # what a test loads may be of any day
                f"--web.listen-address=127.0.0.1:{port}",
                "--web.enable-lifecycle",
                "--rules.alert.resend-delay=1s",  # what fires before Alertmanager is found comes soon after
                "--log.level=warn",
                *flags,
            )
        )

    @property
    def config(self) -> Path:
        """Its configuration file."""
        return self.folder / "prometheus.yml"

    def configure(self, text: str) -> None:
        """Write its configuration; `reload` makes a running one take it."""
        self.config.write_text(text or "{}\n")

    def reload(self, text: str | None = None) -> None:
        """Read the configuration (`text`, if given, is written first) and the rules again. Raises LabError."""
        if text is not None:
            self.configure(text)
        self.get("/-/reload", b"")

    def query(self, expression: str, at: float | None = None) -> list[Sample]:
        """The value of an expression now, or at a moment in Unix seconds. Raises LabError when it is not one."""
        found = self._ask("query", {"query": expression, **({} if at is None else {"time": at})})
        if found["resultType"] == "scalar":
            return [Sample({}, float(found["result"][1]), float(found["result"][0]))]
        return [Sample(one["metric"], float(one["value"][1]), float(one["value"][0])) for one in found["result"]]

    def query_range(self, expression: str, start: float, end: float, step: float) -> list[Series]:
        """The values of an expression from `start` to `end`, each `step` seconds. Raises LabError."""
        words = {"query": expression, "start": start, "end": end, "step": step}
        return [
            Series(one["metric"], tuple((float(at), float(value)) for at, value in one["values"]))
            for one in self._ask("query_range", words)["result"]
        ]

    def series(self, *match: str) -> list[dict[str, str]]:
        """The label sets of all series that match one of the selectors, those that have ended too."""
        found: list[dict[str, str]] = self._ask("series", {"match[]": match, "start": 0})
        return found

    def targets(self) -> list[dict[str, Any]]:
        """The active targets as its API tells them: labels, discoveredLabels, scrapeUrl, health, lastError."""
        found: list[dict[str, Any]] = self._ask("targets", {"state": "active"})["activeTargets"]
        return found

    def alerts(self) -> list[dict[str, Any]]:
        """Pending and firing alerts: labels, annotations, state, activeAt."""
        found: list[dict[str, Any]] = self._ask("alerts", {})["alerts"]
        return found

    def rules(self) -> list[dict[str, Any]]:
        """All rules, each with health and lastError."""
        return [rule for group in self._ask("rules", {})["groups"] for rule in group["rules"]]

    def wait_for(
        self, expression: str, ready: Callable[[list[Sample]], bool] = bool, seconds: float = 60.0
    ) -> list[Sample]:
        """Wait until `ready` says yes to what the expression gives (by default: to anything). Raises LabError."""
        deadline = time.monotonic() + seconds
        while not ready(found := self.query(expression)):
            if time.monotonic() > deadline:
                raise LabError(f"not within {seconds:g} s: {expression}; last: {found}; targets: {self._health()}")
            time.sleep(_PAUSE)
        return found

    def _health(self) -> list[tuple[str, str, str]]:
        return [(one["scrapeUrl"], one["health"], one["lastError"]) for one in self.targets()]

    def _ask(self, what: str, words: Mapping[str, object]) -> Any:
        answer = self.json(f"/api/v1/{what}?{urlencode(words, doseq=True)}")
        return answer["data"]
