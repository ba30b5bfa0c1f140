from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.errors import LookError
from reconciler.slurm.look.history import arguments, read
from reconciler.slurm.look.squeue import Record
from tests.slurm.texts import TOKEN

ENDED = Record("7", "FAILED", "NonZeroExitCode", "n1", 1000, 2000, 900, "01:00:00", "web.0", "rec1 …")
FOREIGN = st.text().map(lambda text: text.replace(TOKEN, ""))


def line(record: Record, code: str = "3:0", state: str | None = None) -> str:
    """A line of the answer to `arguments(TOKEN, …)`."""
    times = ("Unknown" if time is None else str(time) for time in (record.submit, record.start))
    end = "Unknown" if record.end is None else str(record.end)
    shown = state or record.state
    return TOKEN.join([record.id, record.name, record.comment, shown, code, record.host, *times, record.limit, end])


def text(*lines: str) -> str:
    return "".join(f"{one}\n" for one in lines)


@given(st.lists(st.builds(ENDED._replace, name=FOREIGN, comment=FOREIGN), max_size=4))
def test_what_is_printed_is_read_back_whatever_the_texts_of_others(records: list[Record]) -> None:
    assert read(text(*map(line, records)), TOKEN) == records


@pytest.mark.parametrize(
    ("state", "code", "word", "why"),
    [
        ("CANCELLED by 1000", "0:0", "CANCELLED", "None"),
        ("COMPLETED", "0:0", "COMPLETED", "None"),
        ("FAILED", "3:0", "FAILED", "NonZeroExitCode"),
        ("FAILED", "0:9", "FAILED", "RaisedSignal:9"),
        ("FAILED", "0:53", "FAILED", "JobLaunchFailure"),
        ("OUT_OF_MEMORY", "0:125", "OUT_OF_MEMORY", "RaisedSignal:125"),
        ("NODE_FAIL", "", "NODE_FAIL", "None"),
    ],
)
def test_the_end_is_told_in_the_words_of_squeue(state: str, code: str, word: str, why: str) -> None:
    (found,) = read(text(line(ENDED, code, state)), TOKEN)
    assert (found.state, found.why) == (word, why)


def test_what_has_not_ended_is_left_out() -> None:
    assert read(text(line(ENDED._replace(end=None)), line(ENDED)), TOKEN) == [ENDED]


@pytest.mark.parametrize("cut", range(1, len(text(line(ENDED)))))
def test_a_text_that_was_cut_is_none(cut: int) -> None:
    with pytest.raises(LookError, match="cut or mixed"):
        read(text(line(ENDED))[:-cut], TOKEN)


def test_nothing_is_no_job() -> None:
    assert read("", TOKEN) == []


def test_only_the_jobs_in_question_are_asked_for() -> None:
    asked = arguments(TOKEN, 1_795_516_191, ["7", "8"])
    assert {"--jobs=7,8", "--starttime=2026-11-24T10:29:51", f"--delimiter={TOKEN}"} <= set(asked)
    assert not any(word.startswith("--jobs") for word in arguments(TOKEN, 0))
