"""A look that is slow, cut short, or has foreign words in it: the target is unknown, and nothing is done there."""

from __future__ import annotations

import time

import pytest

from lab.factory import line_of
from reconciler.shapes.status import StatusShape
from tests.faults.site import STAY, Site
from tests.storm.recipes import web

pytestmark = pytest.mark.slurm

#: What squeue does, and a word of what is said about it.
FAULTS = {
    "slow": ("exec sleep 30", "time"),
    "cut": ('"$real" "$@" | head --bytes=-20; exit 0', ""),
    "cut in a record": ('"$real" "$@" | head --bytes=100; exit 0', ""),
    "banner": ("echo '*** Welcome to the machine ***'", ""),
    "banner at the end": ('"$real" "$@"; echo \'*** Maintenance on Friday ***\'; exit 0', ""),
    "error with code 0": (
        "echo 'slurm_load_jobs error: Unable to contact slurm controller (connect failure)' >&2; exit 0",
        "Unable to contact slurm controller",
    ),
    "half an answer and an error with code 0": (
        '"$real" "$@"; echo "slurm_load_jobs error: Socket timed out on send/recv operation" >&2; exit 0',
        "Socket timed out",
    ),
    "nothing with code 0": ("exit 0", ""),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_nothing_is_done_on_a_target_that_is_not_seen_whole(site: Site, fault: str) -> None:
    shell, words = FAULTS[fault]
    before, written = site.alive(), writes(site)
    with site.tools.trick("squeue", shell):
        shape = site.wait_lost()
        assert words in shape.targets[0].why
        sha = site.commit(web("late") | {"desired/web.yaml": None}, "one comes, one goes")
        site.wait("it is read", lambda shape: shape.source.revision == sha)
        time.sleep(1)
        shape = site.wait_lost()
        assert {state_of(shape, name) for name in STAY if line_of(shape, name)} == {"Unknown"}
        assert (site.alive(), writes(site)) == (before, written)
        site.git("revert", "--no-edit", "HEAD")
    site.wait_healthy(STAY)
    assert (site.alive(), writes(site)) == (before, written)


def writes(site: Site) -> int:
    """How often something was submitted or ended."""
    return len(site.tools.calls("sbatch")) + len(site.tools.calls("scancel"))


def state_of(shape: StatusShape, name: str) -> str:
    line = line_of(shape, name)
    assert line is not None
    return line.state
