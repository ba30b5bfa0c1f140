"""Requests that come all at once, and a repository or a daemon that goes away in the middle of one."""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from threading import Thread
from typing import Any

import httpx
import pytest

from lab.lab import Lab
from tests.e2e.desk import Commit, accepted, problem
from tests.e2e.still import StillDesk, still
from tests.e2e.world import alive, until

pytestmark = pytest.mark.slurm


@pytest.fixture(scope="module")
def desk(lab_slurm: Lab) -> Iterator[StillDesk]:
    with still(lab_slurm, StillDesk, {}) as made:
        yield made


def body(name: str, **more: Any) -> dict[str, Any]:
    return {"recipe_name": "web", "name": name, "target": "slurm", **more}


def post_all(desk: StillDesk, names: list[str]) -> list[httpx.Response]:
    """All at the same time, over connections of their own."""
    with desk.open() as client, ThreadPoolExecutor(len(names)) as pool:
        return list(pool.map(lambda name: client.post("/services", json=body(name)), names))


def with_key(desk: StillDesk, key: str) -> list[Commit]:
    return [one for one in desk.commits("--all") if one.trailers.get("Idempotency-Key") == key]


def test_a_hundred_requests_for_one_name(desk: StillDesk) -> None:
    before = desk.head()
    answers = post_all(desk, ["one"] * 100)
    assert Counter(answer.status_code for answer in answers) == {202: 1, 409: 99}
    lost = [problem(answer, 409) for answer in answers if answer.status_code == 409]
    assert all("one" in said["detail"] for said in lost)
    (commit,) = desk.commits(f"{before.sha}..main")
    assert commit.subject == "Start one: web"
    until("its job", lambda: set(alive(desk.lab.slurm, desk.owner)) == {"one.0"})


def test_fifty_requests_for_different_names(desk: StillDesk) -> None:
    before = desk.head()
    names = [f"many-{number}" for number in range(50)]
    answers = post_all(desk, names)
    assert [answer.status_code for answer in answers] == [202] * 50
    made = desk.commits(f"{before.sha}..main")
    assert sorted(one.subject for one in made) == sorted(f"Start {name}: web" for name in names)
    parents = [one.parents for one in made]
    assert parents == [(one.sha,) for one in [*made[1:], before]]
    assert {answer.json()["service"]: answer.json()["commit"] for answer in answers} == {
        one.subject.removeprefix("Start ").partition(":")[0]: one.sha for one in made
    }
    until("all jobs", lambda: {f"{name}.0" for name in names} <= set(alive(desk.lab.slurm, desk.owner)), 60)
    assert all(len(ids) == 1 for ids in alive(desk.lab.slurm, desk.owner).values())
    assert desk.refs() == {"refs/heads/main"}


def test_all_that_are_stopped_by_name_go(desk: StillDesk) -> None:
    """More than the share of removals that one revision may have: each was meant."""
    names = sorted({name.partition(".")[0] for name in alive(desk.lab.slurm, desk.owner)})
    assert len(names) > 40
    with desk.open() as client, ThreadPoolExecutor(len(names)) as pool:
        answers = list(pool.map(lambda name: client.delete(f"/services/{name}"), names))
    assert {answer.status_code for answer in answers} == {202}
    until("no job", lambda: alive(desk.lab.slurm, desk.owner) == {}, 90)
    desk.wait("an empty table", lambda shape: not shape.services)


def test_people_push_at_the_same_time(desk: StillDesk) -> None:
    """Whoever comes second makes the change anew on the new head: nobody's is lost, and none is a merge."""
    before = desk.head()
    clone = desk.folder / "person"
    desk._run(
        ["git", "clone", "--quiet", "--config", "user.name=Ada", "--config", "user.email=a@b.c", desk.url, str(clone)]
    )
    loop = f"""
    cd {clone}
    for number in {{1..15}}; do
        echo "# $number" >note-$number.txt; git add . && git commit --quiet --message "Note $number"
        until git push --quiet 2>/dev/null; do git pull --quiet --rebase; done
    done
    """
    with ThreadPoolExecutor(1) as person:
        pushed = person.submit(desk._run, ["bash", "-c", loop])
        answers = [desk.ask("POST", "/services", body(f"race-{number}", replicas=0)) for number in range(15)]
        pushed.result(60)
    assert [answer.status_code for answer in answers] == [202] * 15
    made = desk.commits(f"{before.sha}..main")
    assert [one.parents for one in made] == [(one.sha,) for one in [*made[1:], before]]
    assert {answer.json()["commit"] for answer in answers} < {one.sha for one in made}
    assert Counter(one.author for one in made) == {"Ada": 15, "admin": 15}


def test_a_hook_that_refuses_one_name(desk: StillDesk) -> None:
    before = desk.head()
    words = "names of this team begin with t-"
    check = 'while read -r old new ref; do git diff --name-only "$old" "$new" | grep -q refused'
    desk.hook("pre-receive", f"{check} && {{ echo {words} >&2; exit 1; }}; done; exit 0")
    try:
        answers = post_all(desk, ["fine-1", "refused", "fine-2"])
    finally:
        desk.unhook("pre-receive")
    assert [answer.status_code for answer in answers] == [202, 409, 202]
    assert words in problem(answers[1], 409)["detail"]
    subjects = {one.subject for one in desk.commits(f"{before.sha}..main")}
    assert subjects == {"Start fine-1: web", "Start fine-2: web"}
    assert desk.refs() == {"refs/heads/main"}
    accepted(desk.ask("POST", "/services", body("refused")))


def test_a_repository_that_is_away(desk: StillDesk) -> None:
    before = desk.head()
    away = desk.bare.with_name("away.git")
    desk.bare.rename(away)
    try:
        answer = desk.ask("POST", "/services", body("away"))
    finally:
        away.rename(desk.bare)
    problem(answer, 503)
    assert int(answer.headers["retry-after"]) >= 1
    assert (desk.head(), desk.refs()) == (before, {"refs/heads/main"})
    until("it goes on", lambda: desk.ask("POST", "/services", body("away")).status_code == 202)


# --- kill -9 at the two bad moments


def begin(desk: StillDesk, name: str, key: str) -> Thread:
    """A request that will get no answer."""

    def ask() -> None:
        with suppress(httpx.TransportError):
            desk.ask("POST", "/services", body(name), key=key)

    thread = Thread(target=ask)
    thread.start()
    return thread


@contextmanager
def killed_in(desk: StillDesk, hook: str, last: str, name: str) -> Iterator[None]:
    """The daemon is killed while a hook of the push of a request sleeps; the hook ends with `last`."""
    note = desk.bare / f"in-{name}"
    desk.hook(hook, f'[ -e "{note}" ] && exit 0; touch "{note}"; sleep 3; {last}')
    try:
        asking = begin(desk, name, name)
        until("the hook", note.exists)
        desk.stop(signal.SIGKILL)
        asking.join()
        yield
    finally:
        desk.unhook(hook)


def again(desk: StillDesk, name: str) -> dict[str, Any]:
    """The same request, with the same key, until there is an answer."""
    found: list[httpx.Response] = []

    def ask() -> bool:
        with suppress(httpx.TransportError):
            found.append(desk.ask("POST", "/services", body(name), key=name))
        return bool(found) and found[-1].status_code != 503

    until("an answer", ask)
    return accepted(found[-1], found[-1].status_code)


def test_kill_9_between_commit_and_push(desk: StillDesk) -> None:
    with killed_in(desk, "pre-receive", "exit 1", "kill-a"):
        time.sleep(3.5)
        assert with_key(desk, "kill-a") == []
        desk.begin()
    assert again(desk, "kill-a")["commit"] == with_key(desk, "kill-a")[0].sha
    assert len(with_key(desk, "kill-a")) == 1
    assert desk.refs() == {"refs/heads/main"}


def test_kill_9_between_push_and_answer(desk: StillDesk) -> None:
    with killed_in(desk, "post-receive", "exit 0", "kill-b"):
        (commit,) = with_key(desk, "kill-b")
        desk.begin()
    answer = again(desk, "kill-b")
    assert (answer["commit"], answer["replayed"]) == (commit.sha, True)
    assert with_key(desk, "kill-b") == [commit]


def test_kill_9_while_the_push_goes_on_by_itself(desk: StillDesk) -> None:
    """The process that pushes may outlive the daemon: its push lands while the next daemon takes the same request."""
    with killed_in(desk, "pre-receive", "exit 0", "kill-c"):
        desk.start()
        answer = again(desk, "kill-c")
        time.sleep(4)
    (commit,) = with_key(desk, "kill-c")
    assert answer["commit"] == commit.sha
    desk.wait("its line", lambda shape: any(one.service == "kill-c" for one in shape.services))
    assert len(alive(desk.lab.slurm, desk.owner)["kill-c.0"]) == 1
