"""The judge of a storm can say no: what must never happen is found in a record in which it happens."""

from __future__ import annotations

import pytest

from reconciler.models.workload import Mark
from reconciler.slurm.mark import write
from tests.storm.desk import Book, Entry, Wish
from tests.storm.record import Record
from tests.storm.verdict import cancels

OLD, NEW = "0" * 12, "1" * 12
A = Wish("a", stateful=False)


def line(
    job: int, generation: int, stage: str, *, state: str = "RUNNING", revision: str = OLD, name: str = "a.0"
) -> str:
    service, _, replica = name.partition(".")
    mark = write(Mark("me", service, int(replica), f"d{revision}", generation=generation, revision=revision))
    report = f" n=n1 p=http:20000 t=1 h={stage} u=1" if stage else ""
    return f"{job}\t1\t{name}\t{state}\tNone\t{mark}{report}\n"


def book(*later: tuple[float, Wish | None]) -> Book:
    made = Book()
    made.entries.append(Entry(0.0, OLD + "0" * 28, {"a": A, "b": Wish("b", stateful=False)}))
    made.entries += [Entry(at, NEW + "0" * 28, {"a": wish}) for at, wish in later]
    return made


def record(*looks: str) -> Record:
    """One look each second, from 100 on."""
    made = Record()
    for number, text in enumerate(looks):
        made.look(text, 100.0 + number)
    return made


@pytest.mark.parametrize(
    ("looks", "commits", "reason"),
    [
        ([line(1, 0, "ok")], book(), ""),
        ([line(1, 0, "ok") + line(2, 1, "starting")], book(), ""),
        ([line(1, 0, "ok") + line(2, 1, "ok", name="b.0")], book(), ""),
        ([line(1, 0, "ok")], book((200.0, None)), ""),
        ([line(1, 0, "ok", revision=NEW)], book((90.0, A.but(restart="1"))), ""),
        ([line(1, 0, "ok") + line(2, 1, "ok")], book(), "its successor is healthy"),
        ([line(1, 0, "ok") + line(2, 0, "ok")], book(), "a duplicate"),
        ([line(1, 0, "bad")], book(), "unhealthy, or ending by itself"),
        ([line(1, 0, "ok")], book((90.0, None)), "not wanted"),
        ([line(1, 0, "ok")], book((90.0, A.but(suspend=True))), "not wanted"),
        ([line(1, 0, "ok")], book((90.0, A.but(suspend=True)), (99.0, A)), "not wanted"),
        ([line(1, 0, "ok")], book((90.0, A.but(restart="1"))), "changed in Git"),
    ],
)
def test_a_cancel_needs_a_reason(looks: list[str], commits: Book, reason: str) -> None:
    (found,) = cancels([(100.5, "--ctld --batch --signal=TERM 1"), (101.0, "1")], commits, record(*looks))
    assert (found.job, found.name, found.reason) == ("1", "a.0", reason)


def test_a_job_that_is_asked_for_its_report_is_not_cancelled() -> None:
    assert cancels([(100.5, "--ctld --batch --signal=USR1 1")], book(), record(line(1, 0, "ok"))) == []


def test_a_cancel_of_a_job_that_nobody_has_seen_is_wrong() -> None:
    (found,) = cancels([(100.5, "7")], book(), record(line(1, 0, "ok")))
    assert (found.job, found.reason) == ("7", "")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (line(1, 0, "ok") + line(2, 1, ""), False),
        (line(1, 0, "ok") + line(2, 0, "ok", name="a.1"), False),
        (line(1, 0, "stopping") + line(2, 0, "ok"), False),
        (line(1, 0, "ok", state="FAILED") + line(2, 0, "ok"), False),
        (line(1, 0, "ok") + line(2, 0, "", state="PENDING"), True),
        (line(1, 0, "ok") + line(2, 1, "ok") + line(3, 2, "", state="PENDING"), False),
        (line(1, 0, "ok") + line(2, 1, "starting") + line(3, 2, "", state="PENDING"), True),
    ],
)
def test_duplicates_are_found(text: str, *, found: bool) -> None:
    assert bool(record(text).duplicates) is found


def test_an_id_that_is_given_again_is_another_job() -> None:
    seen = record(line(1, 0, "ok"))
    seen.look(line(1, 0, "ok"), 101.0)
    assert len(seen.lives) == 1
    seen.doubt()
    seen.look(line(1, 0, "ok").replace("\t1\t", "\t2\t"), 102.0)
    assert len(seen.lives) == 2
