"""The configurations in docs/service-discovery.md, as they stand there, with the addresses of a test put in."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

_PAGE = Path(__file__).parents[2] / "docs/service-discovery.md"
_BLOCK = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(**places: str) -> list[dict[str, Any]]:
    """All YAML of the page, in its order; `places` are put where the page has the usual address or path."""
    text = _PAGE.read_text("utf-8")
    usual = {
        "address": "127.0.0.1:9464",
        "file": "/var/lib/reconciler/services.json",
        "blackbox": "127.0.0.1:9115",
        "target": "meluxina",
    }
    for name, place in places.items():
        assert usual[name] in text, f"the page has no {usual[name]}"
        text = text.replace(usual[name], place)
    return [YAML(typ="safe").load(io.StringIO(found)) for found in _BLOCK.findall(text)]


def jobs(**places: str) -> dict[str, dict[str, Any]]:
    """The scrape jobs of the page by name, each asked for once a second; the one with a file is called `files`.

    `moving` is `services` with the labels that the page offers on top.
    """
    found: dict[str, dict[str, Any]] = {}
    pages = blocks(**places)
    for job in (job for block in pages for job in block.get("scrape_configs", ())):
        name = "files" if "file_sd_configs" in job else job["job_name"]
        assert name not in found, f"the page has two jobs {name}"
        found[name] = {**job, "job_name": name}
    (offered,) = (block for block in pages if "relabel_configs" in block)
    found["moving"] = {**found["services"], **offered, "job_name": "moving"}
    for discovery in (one for job in found.values() for one in job.get("http_sd_configs", ())):
        discovery["refresh_interval"] = "1s"
    return found


def config(jobs: Mapping[str, Mapping[str, Any]]) -> str:
    """A Prometheus configuration of these jobs, scraped each second."""
    seconds = {"scrape_interval": "1s", "scrape_timeout": "1s"}
    return json.dumps({"global": seconds, "scrape_configs": list(jobs.values())})


def the(key: str, **places: str) -> dict[str, Any]:
    """The one block that has a key at its top, and what is below that."""
    (found,) = (block[key] for block in blocks(**places) if key in block)
    assert isinstance(found, dict)
    return found
