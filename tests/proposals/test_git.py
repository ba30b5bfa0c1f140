"""Proposals on real repositories: many at once, rules of the other side, and processes that are killed in between."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from reconciler.errors import ReconcilerError, RejectedError, SourceError, TakenError
from reconciler.models.proposal import Accepted, Stop, Suspend
from reconciler.proposals import Scribe
from tests.e2e.world import until
from tests.proposals.conftest import Bare
from tests.proposals.world import ask, start

Scribes = Callable[..., Scribe]


def at_once(count: int, work: Callable[[int], Accepted]) -> list[Accepted | ReconcilerError]:
    started = threading.Barrier(count)

    def one(number: int) -> Accepted | ReconcilerError:
        started.wait()
        try:
            return work(number)
        except ReconcilerError as error:
            return error

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def test_fifty_names_land_in_one_line_none_lost_none_twice(forge: Bare, scribes: Scribes) -> None:
    one = scribes(forge.folder)
    made = at_once(50, lambda number: ask(one, start(f"many-{number}")))
    assert all(isinstance(outcome, Accepted) for outcome in made), made
    assert sorted(forge.subjects()) == sorted(["By hand", *(f"Start many-{number}: faiss" for number in range(50))])
    assert not forge.git("log", "--merges", "--format=%h", "main"), "a line"
    assert {outcome.commit for outcome in made if isinstance(outcome, Accepted)} == set(
        forge.git("log", "--format=%H", "-50", "main").splitlines()
    )
    assert forge.refs() == ["main"]


def test_of_a_hundred_of_one_name_one_wins(forge: Bare, scribes: Scribes) -> None:
    one = scribes(forge.folder)
    made = at_once(100, lambda _: ask(one, start("wanted")))
    assert sum(isinstance(outcome, Accepted) for outcome in made) == 1
    assert sum(isinstance(outcome, TakenError) for outcome in made) == 99
    assert forge.subjects() == ["Start wanted: faiss", "By hand"]


def test_two_daemons_take_turns(forge: Bare, scribes: Scribes) -> None:
    pair = [scribes(forge.folder), scribes(forge.folder)]
    made = at_once(12, lambda number: ask(pair[number % 2], start(f"turn-{number}"), key=f"k-{number}"))
    assert all(isinstance(outcome, Accepted) for outcome in made), made
    assert len(forge.subjects()) == 13
    again = [ask(pair[(number + 1) % 2], start(f"turn-{number}"), key=f"k-{number}") for number in range(12)]
    assert [one.commit for one in again] == [one.commit for one in made if isinstance(one, Accepted)]
    assert len(forge.subjects()) == 13


def test_a_hook_refuses_one_and_lets_the_others_in(forge: Bare, scribes: Scribes) -> None:
    forge.hook(
        "pre-receive", "while read a b c; do git log --format=%s $a..$b | grep guilty-2 >&2 && exit 1; done; exit 0"
    )
    one = scribes(forge.folder)
    made = at_once(6, lambda number: ask(one, start(f"guilty-{number}")))
    assert [type(outcome) for outcome in made] == [RejectedError if number == 2 else Accepted for number in range(6)]
    assert "guilty-2" in str(made[2])
    assert len(forge.subjects()) == 6
    assert forge.refs() == ["main"]


def test_a_repository_that_is_away_has_nothing_and_gets_it_later(forge: Bare, scribes: Scribes) -> None:
    one = scribes(forge.folder)
    ask(one, Suspend("first"), key="before")
    away = forge.folder.with_name("away.git")
    forge.folder.rename(away)
    with pytest.raises(SourceError):
        ask(one, Stop("first"), key="k")
    away.rename(forge.folder)
    assert forge.subjects() == ["Suspend first", "By hand"]
    assert ask(one, start("later"), key="later").changed


def test_a_review_is_a_branch_and_the_same_key_finds_it(forge: Bare, scribes: Scribes) -> None:
    made = ask(scribes(forge.folder, mode="branch"), start("review-a"), key="k")
    again = ask(scribes(forge.folder, mode="branch"), start("review-a"), key="k")
    assert (again.branch, again.commit, again.replayed) == (made.branch, made.commit, True)
    assert forge.refs() == ["main", made.branch]
    assert forge.git("rev-parse", f"{made.branch}~1") == forge.git("rev-parse", "main")
    assert forge.git("show", f"{made.branch}:desired/review-a.yaml").startswith("apiVersion: reconciler/v1")


PROCESS = """
import sys
from pathlib import Path
from tests.proposals.conftest import Scribe, GitRepository, GitSource, SourceSettings, ProposalSettings
from tests.proposals.conftest import Loader, settings, BUILTIN
from tests.proposals.world import ask, start
options = ProposalSettings()
source = GitSource(SourceSettings(url=sys.argv[1]), Path(sys.argv[2]), None)
one = Scribe(GitRepository(source, options), Loader(settings(), BUILTIN), options, "desired", lambda: None)
ask(one, start("killed"), key="k")
"""


@pytest.mark.parametrize("hook", ["pre-receive", "post-receive"])
@pytest.mark.parametrize("all_die", [True, False], ids=["with its git", "alone"])
def test_a_process_that_is_killed_in_its_push_leaves_no_second_commit(
    forge: Bare, scribes: Scribes, tmp_path: Path, hook: str, all_die: bool
) -> None:
    """`pre-receive`: it is not there yet. `post-receive`: it is there, and nobody was told."""
    reached, ended = tmp_path / "reached", tmp_path / "ended"
    forge.hook(hook, f"[ -e {reached} ] && exit 0; touch {reached}; sleep 1; touch {ended}")
    words = [sys.executable, "-c", PROCESS, str(forge.folder), str(tmp_path / "killed")]
    with subprocess.Popen(words, start_new_session=True) as process:
        until("the hook runs", reached.exists, 60)
        os.killpg(process.pid, signal.SIGKILL) if all_die else process.kill()
    made = ask(scribes(forge.folder), start("killed"), key="k")
    assert made.commit == forge.git("rev-parse", "main")
    if not all_die:
        until("the other push goes on", ended.exists, 30)
        time.sleep(0.3)  # and lands, if it could
    assert forge.subjects() == ["Start killed: faiss", "By hand"]
    assert ask(scribes(forge.folder), start("killed"), key="k").replayed
