"""schemathesis makes requests of the API's own description: no 5xx, no answer that the description does not have."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.lab import Lab
from tests.fuzz.run import fuzz
from tests.fuzz.site import FuzzSite, running

pytestmark = [pytest.mark.slurm, pytest.mark.timeout(900)]

#: Role → what is left out of a short run, and the fewest cases that it has to have.
RUNS: dict[str, tuple[tuple[str, ...], int]] = {
    "admin": (("--max-examples=8", "--phases=examples,coverage,fuzzing,stateful"), 500),
    "read": (("--max-examples=4", "--phases=examples,fuzzing"), 100),
    "": (("--max-examples=4", "--phases=examples,fuzzing"), 100),
}


@pytest.fixture(scope="module")
def fuzzed(lab_slurm: Lab) -> Iterator[FuzzSite]:
    with running(lab_slurm) as site:
        yield site


@pytest.mark.parametrize("role", list(RUNS), ids=lambda role: role or "nobody")
def test_the_api_answers_as_its_description_says(fuzzed: FuzzSite, tmp_path: Path, role: str) -> None:
    options, least = RUNS[role]
    before = len(fuzzed.commits())
    count = fuzz(fuzzed.address, tmp_path, fuzzed.tokens.get(role, ""), options, 600)
    assert count.fine, f"{count.failures} {count.errors}\n{count.text[-6_000:]}"
    assert count.cases >= least
    assert count.tested == count.operations
    assert (len(fuzzed.commits()) > before) == (role == "admin")
    assert fuzzed.daemon is not None
    assert fuzzed.daemon.poll() is None
