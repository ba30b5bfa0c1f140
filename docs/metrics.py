"""docs/metrics.md from the table of all families, so that no metric is on the page only, or only in the docs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from reconciler.metrics.exposition import LONGEST, Family
from reconciler.metrics.families import FAMILIES, MOST_INSTANCES
from reconciler.models.labels import MOST

PAGE = Path(__file__).parent / "metrics.md"

_INTRO = f"""# Metrics

<!-- made by `make docs` from reconciler/metrics/families.py; do not edit -->

The daemon serves them at `/metrics` of `http.listen`. They are made from the newest table at each scrape: what was
removed vanishes by itself, and a scrape makes no turn wait. [Alerts](alerts.md) are made of them.

```yaml
scrape_configs:
  - job_name: reconciler
    honor_labels: true   # `service` and `instance` are labels of ours; Prometheus would rename them
    static_configs: [{{targets: ["127.0.0.1:9464"]}}]
```

Who asks for OpenMetrics (as Prometheus does) gets it: the same families, with an exemplar at each bucket of a histogram
and at each counter of actions that names the commit in force (`{{revision="0123456789ab"}}`; Prometheus keeps them with
`--enable-feature=exemplar-storage`). Who takes gzip gets a large page at a thirtieth of its size.

Counters begin at 0 with the daemon. Those of services and targets are there, with 0, before anything is counted, so
that `rate()` and `increase()` see the first time as well.

## How many series there are

Bounds are stated for each metric below. Labels have values of these kinds only:

| label | values |
|---|---|
| `service`, `recipe` | names in the repository (at most 63 characters); only those that are in force |
| `target`, `kind`, `platform` | the operator's settings |
| `state`, `health`, `class`, `cause`, `reason`, `event`, `phase`, `use` | fixed words |
| `action`, `result`, `le` | fixed words, and numbers |
| `revision` | the short id of a commit: one at a time for each service, target and source |
| `label_<name>` | labels of a service: the first {MOST} by name; `-`, `.` and `/` become `_` |
| `replica`, `instance` | what runs of a service: at most {MOST_INSTANCES}; job ids, or names of pods |
| `manager` | who undoes repairs of declared fields, as Kubernetes records it |
| `route`, `method`, `code` | templates of paths that there are (`/services/{{name}}`), and fixed words |
| `verb`, `stream` | fixed words |
| `version`, `python` | of this daemon |

No value is longer than {LONGEST} characters. Reasons in words are never labels: they may quote what a container or a
platform said. They are in the table (`reconciler status`), in `/status` and in the log.

A service has about 40 series, a target about 150: 10,000 services make 400,000 series, 38 MB of text, 1.4 MB
compressed.
"""
_SECTIONS = (
    ("Services", ("reconciler_service_", "reconciler_workload_", "reconciler_drift_")),
    ("Targets", ("reconciler_target_", "reconciler_probe_")),
    ("The repository", ("reconciler_source_",)),
    ("The daemon", ("reconciler_turn_", "reconciler_action", "reconciler_build_")),
    ("The API", ("reconciler_http_", "reconciler_proposal")),
    ("The process", ("process_",)),
)


def files() -> dict[Path, str]:
    """The page, with what it must say."""
    return {PAGE: "\n".join([_INTRO, *_tables(), ""])}


def _tables() -> Iterator[str]:
    for title, starts in _SECTIONS:
        yield from (f"## {title}", "", "| metric | type | labels | meaning | series |", "|---|---|---|---|---|")
        yield from (_row(family) for family in FAMILIES if family.name.startswith(starts))
        yield ""


def _row(family: Family) -> str:
    labels = ", ".join(f"`{name}`" for name in family.labels)
    return f"| `{family.name}` | {family.kind} | {labels} | {family.help} | {family.bound} |"
