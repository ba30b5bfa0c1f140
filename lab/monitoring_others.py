"""What stands around Prometheus, from Debian's packages: Alertmanager, the blackbox exporter, PostgreSQL's exporter."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Self

from lab.server import Server

#: The three modules that `/sd?for=probes` names. `grpc` asks without TLS.
BLACKBOX_MODULES: Mapping[str, Any] = {
    "http": {"prober": "http", "timeout": "5s", "http": {"follow_redirects": False}},
    "tcp": {"prober": "tcp", "timeout": "5s"},
    "grpc": {"prober": "grpc", "timeout": "5s", "grpc": {"tls": False}},
}


class Alertmanager(Server):
    """An Alertmanager alone (no cluster), which tells one receiver."""

    program = "prometheus-alertmanager"

    def start(self, config: str = "", webhook_url: str = "") -> Self:
        """Start with the text of a configuration, or with one that sends everything to a webhook at once."""
        text = config or json.dumps(_to_webhook(webhook_url or "http://127.0.0.1:9/"))
        path = self.folder / "alertmanager.yml"
        path.write_text(text)
        return self.run(
            lambda port: (
                f"--config.file={path}",
                f"--storage.path={self.folder / 'store'}",
                f"--web.listen-address=127.0.0.1:{port}",
                "--cluster.listen-address=",
                "--log.level=warn",
            )
        )

    def alerts(self) -> list[dict[str, Any]]:
        """What it knows: labels, annotations, status (state, inhibitedBy, silencedBy)."""
        found: list[dict[str, Any]] = self.json("/api/v2/alerts")
        return found


class Blackbox(Server):
    """The blackbox exporter; a probe is `get('/probe?module=http&target=http://127.0.0.1:80/')`."""

    program = "prometheus-blackbox-exporter"
    ready = "/-/healthy"

    def start(self, modules: Mapping[str, Any] = BLACKBOX_MODULES) -> Self:
        """Start with these modules."""
        path = self.folder / "blackbox.yml"
        path.write_text(json.dumps({"modules": dict(modules)}))
        return self.run(
            lambda port: (f"--config.file={path}", f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn")
        )


class PostgresExporter(Server):
    """PostgreSQL's exporter."""

    program = "prometheus-postgres-exporter"
    ready = "/"

    def start(self, uri: str) -> Self:
        """Start for one database: `host:port/name?sslmode=disable` and so on, with the user and the password in it."""
        return self.run(
            lambda port: (f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn"), {"DATA_SOURCE_NAME": uri}
        )


def _to_webhook(url: str) -> dict[str, Any]:
    route = {"receiver": "webhook", "group_by": ["..."], "group_wait": "0s", "group_interval": "1s"}
    return {
        "route": route,
        "receivers": [{"name": "webhook", "webhook_configs": [{"url": url, "send_resolved": True}]}],
    }
