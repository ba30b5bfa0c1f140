"""Where commits go: to a repository behind HTTP, behind SSH, or to a branch of their own for a pull request."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab.lab import Lab
from tests.e2e.desk import accepted, problem
from tests.e2e.still import StillDesk, still
from tests.e2e.world import alive, until

pytestmark = pytest.mark.slurm

BODY = {"recipe_name": "web", "name": "far", "target": "slurm"}


class ReviewDesk(StillDesk):
    """An operator who wants pull requests."""

    def configure(self, **extra: object) -> object:  # type: ignore[override]
        return super().configure(**({"proposals": {"mode": "branch"}} | extra))


@pytest.fixture
def review(lab_slurm: Lab) -> Iterator[ReviewDesk]:
    with still(lab_slurm, ReviewDesk, {}) as made:
        yield made


def test_a_branch_that_people_merge(review: ReviewDesk) -> None:
    before = review.head()
    made = accepted(review.ask("POST", "/services", BODY, key="pull-1"))
    assert made["review"] is True
    assert made["branch"].startswith("reconciler/far-")
    assert review.head() == before
    (commit,) = review.commits(f"{before.sha}..{made['branch']}")
    assert (commit.sha, commit.subject) == (made["commit"], "Start far: web")
    assert accepted(review.ask("POST", "/services", BODY, key="pull-1"), 200)["replayed"] is True
    assert review.refs() == {"refs/heads/main", f"refs/heads/{made['branch']}"}
    assert alive(review.lab.slurm, review.owner) == {}

    review.git("fetch", "--quiet", "origin")
    review.git("merge", "--quiet", "--no-ff", "--message", "Merge it", f"origin/{made['branch']}")
    review.git("push", "--quiet", "origin", "HEAD:main")
    until("its job", lambda: set(alive(review.lab.slurm, review.owner)) == {"far.0"})
    problem(review.ask("POST", "/services", BODY), 409)


def test_only_an_administrator_goes_past_the_review(review: ReviewDesk) -> None:
    body = BODY | {"name": "bench-far"}
    problem(review.ask("POST", "/services?direct=true", body, token="bench"), 403)
    made = accepted(review.ask("POST", "/services?direct=true", body))
    assert (made["branch"], made["review"]) == ("main", False)
    assert review.head().sha == made["commit"]
