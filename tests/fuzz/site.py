"""The daemon that is fuzzed: a real Slurm takes its jobs and runs none, a repository of its own takes its commits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from lab.lab import Lab
from tests.e2e.still import StillDesk, still
from tests.e2e.world import service

#: Services that are there at first; the names of schemathesis.toml are these, and others that are not.
NAMES = ("llama", "bench-1", "bench-2", "web-1", "web-2")


class FuzzSite(StillDesk):
    """With an operator's limit, and reading for all, as one run has no token."""

    def slurm_target(self) -> dict[str, Any]:
        """With the limit."""
        return {**super().slurm_target(), "limits": {"services": 200}}

    def http_settings(self) -> dict[str, Any]:
        """Who has no token may read."""
        return super().http_settings() | {"anonymous": {"read": "all", "metrics": "all"}}


@contextmanager
def running(lab: Lab) -> Iterator[FuzzSite]:
    """The daemon, ready, with a few services. Nothing of it is left afterwards."""
    with still(lab, FuzzSite, {f"desired/{one}.yaml": service(one) for one in NAMES}) as site:
        site.wait("all shown", lambda shape: {one.service for one in shape.services} >= set(NAMES))
        yield site
