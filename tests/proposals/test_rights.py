"""Who may propose what."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.board import Board
from reconciler.errors import ForbiddenError, InputError
from reconciler.models.proposal import Caller, Request, Role, Stop, Suspend
from tests.proposals.world import ADMIN, BENCH, FIRST, FakeRepository, ask, scribe, start, text


def bench(*services: str, folders: tuple[str, ...] = ("",)) -> Caller:
    return Caller("bench", "token", Role.PROPOSE, services or ("*",), folders)


@pytest.mark.parametrize(
    ("caller", "request_", "words"),
    [
        (Caller("eve", "loopback", Role.READ), Stop("first"), r"eve \(loopback\) may read and not write"),
        (bench("bench-*"), Stop("first"), r"bench \(token\) may change bench-\* and not first"),
        (bench("bench-*", "b?"), start("bench"), r"may change bench-\*, b\? and not bench"),
        (
            bench(folders=("desired/bench",)),
            Stop("first"),
            "may change files below desired/bench and not desired/first",
        ),
        (bench(folders=("desired/fir",)), Stop("first"), "may change files below desired/fir and not"),
        (bench(folders=("desired/bench",)), start("bench-1"), "may change files below desired/bench and not"),
        (bench(folders=()), Stop("first"), "may change files below nothing"),
    ],
)
def test_what_is_forbidden(caller: Caller, request_: Request, words: str) -> None:
    repository = FakeRepository()
    with pytest.raises(ForbiddenError, match=words):
        ask(scribe(repository), request_, caller)
    assert repository.pushes == 0


@pytest.mark.parametrize(
    ("caller", "request_"),
    [
        (ADMIN, Stop("first")),
        (bench(), Stop("first")),
        (bench("fir*"), Suspend("first")),
        (bench("first", folders=("elsewhere", "desired")), Suspend("first")),
        (bench("bench-*"), start("bench-1")),
        (Caller("root", "socket", Role.ADMIN, ("nothing",), ("nothing",)), Suspend("first")),
    ],
)
def test_what_is_allowed(caller: Caller, request_: Request) -> None:
    repository = FakeRepository()
    repository.by_hand({"desired/second.yaml": text("second")}, "Second")
    assert ask(scribe(repository), request_, caller).changed


def test_the_folder_counts_where_the_file_is() -> None:
    repository, caller = FakeRepository(), bench(folders=("desired/bench",))
    made = ask(scribe(repository, folder="desired/bench"), start("one"), caller)
    assert made.path == "desired/bench/one.yaml"
    assert ask(scribe(repository), Stop("one"), caller).changed


def test_a_request_may_name_its_folder() -> None:
    repository, caller = FakeRepository(), bench(folders=("desired/bench",))
    one = scribe(repository)
    for folder in ("desired/other", "desired", "desired/bench-2"):
        with pytest.raises(ForbiddenError, match="files below desired/bench and not"):
            ask(one, replace(start("one"), folder=folder), caller)
    made = ask(one, replace(start("one"), folder="desired/bench/team/"), caller, key="k")
    assert made.path == "desired/bench/team/one.yaml"
    ask(one, Stop("one"))
    assert ask(one, replace(start("one"), folder="desired/bench/team/"), caller, key="k").path == made.path
    for folder in ("/desired/bench", "desired/bench/..", "desired/bench/../..", "desired//bench", "desired/.git"):
        with pytest.raises(InputError, match="folder"):
            ask(one, replace(start("two"), folder=folder), caller)


def test_a_folder_that_is_not_read_is_refused() -> None:
    repository = FakeRepository()
    with pytest.raises(InputError, match=r"elsewhere/one\.yaml: folder: .* not read; expected desired"):
        ask(scribe(repository, folder="elsewhere"), start("one"))
    assert repository.pushes == 0


@pytest.mark.parametrize("options", [{"mode": "off"}])
def test_an_operator_who_wants_none_gets_none(options: dict[str, Any]) -> None:
    with pytest.raises(ForbiddenError, match="takes no proposals"):
        ask(scribe(FakeRepository(), **options), Stop("first"))


def test_only_an_admin_goes_past_a_review() -> None:
    repository = FakeRepository()
    one = scribe(repository, mode="branch")
    with pytest.raises(ForbiddenError, match="past a review; it needs the role `admin`"):
        ask(one, Stop("first"), BENCH, direct=True)
    made = ask(one, Stop("first"), direct=True)
    assert (made.branch, made.review) == ("main", False)
    assert FIRST not in repository.files()


@pytest.mark.parametrize("key", ["with space", "x" * 201, "new\nline", "ключ", "\x7f"])
def test_a_key_that_cannot_stand_in_a_commit_is_refused(key: str) -> None:
    with pytest.raises(InputError, match="Idempotency-Key: is no key"):
        ask(scribe(FakeRepository()), Stop("first"), key=key)


def test_each_result_is_counted_and_what_is_committed_is_told() -> None:
    board, rung, repository = Board(), [], FakeRepository()
    one = scribe(repository, board, lambda: rung.append(board.journal.last))
    ask(one, Suspend("first"), key="k")
    ask(one, Suspend("first"), key="k")
    ask(one, Suspend("first"))
    for request_, caller in ((Stop("nothing"), ADMIN), (start("first"), ADMIN), (Stop("first"), bench("x"))):
        with pytest.raises(Exception, match=r"."):
            ask(one, request_, caller)
    repository.down = "no route to host"
    with pytest.raises(Exception, match="no route"):
        ask(one, Stop("first"))
    counted = board.tallies().visits.proposals
    assert counted == {
        ("suspend", "committed"): 1,
        ("suspend", "replayed"): 1,
        ("suspend", "unchanged"): 1,
        ("stop", "invalid"): 1,
        ("start", "conflict"): 1,
        ("stop", "forbidden"): 1,
        ("stop", "unavailable"): 1,
    }
    assert rung == [1], "once, after it was told"
