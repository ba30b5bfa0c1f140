"""Where commits go: to a repository behind HTTP, behind SSH, or to a branch of their own for a pull request."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex

import pytest

from lab.factory import Factory
from lab.git_server import HttpGit, SshGit, bare
from lab.lab import Lab
from tests.e2e.desk import accepted, problem
from tests.e2e.still import StillDesk, still
from tests.e2e.world import alive, until

pytestmark = pytest.mark.slurm

BODY = {"recipe_name": "web", "name": "far", "target": "slurm"}


def test_a_repository_behind_http(lab_slurm: Lab, tmp_path: Path) -> None:
    repository = bare(tmp_path / "team.git")
    with (
        HttpGit(tmp_path, user="ada", password="s3cret-word") as server,
        still(lab_slurm, StillDesk, {}, bare=repository, url=server.url("team.git")) as desk,
    ):
        lives(desk)
        before = desk.head()
        server.stop()
        answer = desk.ask("POST", "/services", BODY)
        said = problem(answer, 503)
        assert "s3cret-word" not in answer.text
        assert said["detail"]
        server.start()
        until("it goes on", lambda: desk.ask("POST", "/services", BODY, key="again").status_code == 202)
        (commit,) = desk.commits(f"{before.sha}..main")
        assert commit.trailers["Idempotency-Key"] == "again"
        assert desk.refs() == {"refs/heads/main"}
        assert b"s3cret-word" not in desk.log.read_bytes()


def test_a_repository_behind_ssh(lab_slurm: Lab, tmp_path: Path) -> None:
    repository = bare(tmp_path / "team.git")
    with SshGit(tmp_path) as server:
        keys = Keys(lab_slurm, server)
        with still(
            lab_slurm, StillDesk, {}, bare=repository, url=server.url("team.git"), extra=keys.environment()
        ) as desk:
            lives(desk)


def lives(desk: StillDesk) -> None:
    """A service comes, changes and goes, each by one commit on the one before."""
    before = desk.head()
    accepted(desk.ask("POST", "/services", BODY))
    until("its job", lambda: set(alive(desk.lab.slurm, desk.owner)) == {"far.0"})
    accepted(desk.ask("PATCH", "/services/far", {"config": {"greeting": "hi"}}))
    accepted(desk.ask("DELETE", "/services/far"))
    until("no job", lambda: alive(desk.lab.slurm, desk.owner) == {})
    made = desk.commits(f"{before.sha}..main")
    assert [one.subject for one in made] == ["Stop far", "Update far: config.greeting", "Start far: web"]
    assert [one.parents for one in made] == [(made[1].sha,), (made[2].sha,), (before.sha,)]


class Keys(Factory):
    """What the client of a Git server over SSH needs, in a folder of the lab's user, who runs the daemon."""

    def __init__(self, lab: Lab, server: SshGit) -> None:
        super().__init__(lab, f"keys{token_hex(4)}")
        theirs = server.folder / ".ssh-server"
        for name, mode in (("client", 0o600), ("known_hosts", 0o644)):
            self.put(self.folder / name, (theirs / name).read_bytes(), mode)
        self._words = {name: value.replace(str(theirs), str(self.folder)) for name, value in server.environment.items()}

    def environment(self) -> dict[str, str]:
        """With which git finds them."""
        return self._words


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
    again = accepted(review.ask("POST", "/services", BODY, key="pull-1"))
    assert again == made | {"replayed": True}
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
