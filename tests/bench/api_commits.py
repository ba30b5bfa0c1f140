"""Commits a second that the daemon makes of requests, beside a person's loop on the same repository."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from lab.git_server import HttpGit, bare
from lab.lab import Lab
from tests.bench.api_crowd import SERVICES, TARGET, counted, settle
from tests.bench.posters import Posts, post
from tests.bench.report import Table, short
from tests.bench.workload import files
from tests.e2e.still import StillDesk, still

_SECONDS = 10
_CLIENTS = (1, 8, 32)


def over_http(lab: Lab) -> list[tuple[str, ...]]:
    """The same, with a repository behind a server of its own."""
    with TemporaryDirectory() as folder:
        repository = bare(Path(folder) / "team.git")
        with HttpGit(Path(folder)) as server:
            given = {"bare": repository, "url": server.url("team.git")}
            with still(lab, StillDesk, files(SERVICES, TARGET, replicas=0), **given) as desk:
                settle(desk, SERVICES)
                return rows(desk, "over HTTP")


def rows(desk: StillDesk, where: str) -> list[tuple[str, ...]]:
    """A row for each number of clients, and one for the loop."""
    found = []
    for clients in _CLIENTS:
        one = post(desk.address, desk.tokens["admin"], clients, _SECONDS)
        found.append((where, f"{clients} clients", *_post_cells(one)))
    alone = _alone(desk)
    return [*found, (where, "git commit && git push", f"{alone:.1f}", "", "", "")]


def _post_cells(one: Posts) -> tuple[str, ...]:
    return f"{one.rate:.1f}", short(one.p50), short(one.p99), counted(one.others)


def _alone(desk: StillDesk) -> float:
    """Commits a second of a person's loop in a clone; each changes one file."""
    clone = desk.folder / "bare-loop"
    desk._run(["git", "clone", "--quiet", desk.url, str(clone)])
    shell = f"""
    cd {clone}; git config user.name Lab; git config user.email lab@localhost.invalid
    until=$((SECONDS + {_SECONDS})); number=0
    while ((SECONDS < until)); do
        number=$((number + 1))
        echo "# $number" >desired/loop-$number.txt
        git add desired/loop-$number.txt && git commit --quiet --message "Add $number" && git push --quiet || exit 1
    done
    echo $number
    """
    began = time.monotonic()
    return int(desk._run(["bash", "-c", shell])) / (time.monotonic() - began)


def table(found: Sequence[tuple[str, ...]]) -> Table:
    """All rows."""
    columns = ("repository", "by", "commits/s", "p50", "p99", "other answers")
    notes = (
        f"POST /services of services without replicas, {_SECONDS} s each; {SERVICES:,} services and more are there.",
        "git commit && git push: a shell's loop in a clone of the same repository, one file each.",
    )
    return Table("Commits a second", columns, found, notes)
