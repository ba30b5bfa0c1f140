"""From what an API server answers to what is new, whatever the times of the lines are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.kube.output.lines import new_lines, since, text_of

SECOND = 1_000_000
ALL = 10_000_000
AT = datetime(2026, 11, 30, 8, 0, 5, tzinfo=UTC)
PLACE = int(AT.timestamp()) * SECOND


def line(text: str, seconds: float = 0.0, zone: str = "Z") -> bytes:
    stamp = (AT + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.%f") + "123"
    return f"{stamp}{zone} {text}\n".encode()


def answer(written: list[tuple[float, str]], place: int) -> bytes:
    """What an API server gives of an output for `sinceTime`, which has whole seconds only."""
    begin = place // SECOND
    return b"".join(line(text, at) for at, text in written if int(AT.timestamp() + at) >= begin)


def test_the_place_is_a_second_and_the_number_of_its_lines() -> None:
    part = new_lines(line("a") + line("b", 0.5), 0, ALL, cut=False, ended=False)
    assert (part.lines, part.next, part.begun) == ((b"a", b"b"), PLACE + 2, False)
    part = new_lines(line("a") + line("b", 1) + line("c", 1.9), 0, ALL, cut=False, ended=False)
    assert (part.lines, part.next, part.begun) == ((b"a", b"b", b"c"), PLACE + SECOND + 2, True)
    assert since(part.next) == "2026-11-30T08:00:06Z"
    assert (since(0), since(7)) == ("", "")


@given(
    gaps=st.lists(st.sampled_from([0.0, 0.0, 0.001, 0.3, 0.999, 1.0, 5.0]), max_size=40),
    cuts=st.lists(st.integers(0, 40), max_size=8),
    most=st.sampled_from([1, 20, ALL]),
)
def test_reading_again_and_again_gives_every_line_once(gaps: list[float], cuts: list[int], most: int) -> None:
    at, written = 0.0, []
    for number, gap in enumerate(gaps):
        at += gap
        written.append((at, f"line {number}"))
    place, seen = 0, []
    for upto in [*sorted(cuts), *[len(written)] * (len(written) + 1)]:
        part = new_lines(answer(written[:upto], place), place, most, cut=False, ended=False)
        seen += part.lines
        place = part.next
    assert seen == [text.encode() for _, text in written]


def test_half_a_line_waits_until_it_is_whole_or_nothing_more_comes() -> None:
    data = line("a") + line("half").rstrip(b"\n")
    assert new_lines(data, 0, ALL, cut=False, ended=False).lines == (b"a",)
    assert new_lines(data, 0, ALL, cut=False, ended=True).lines == (b"a", b"half")
    assert new_lines(data, 0, ALL, cut=True, ended=True).lines == (b"a",)


def test_a_second_with_more_than_is_read_at_once_is_passed_over_and_said() -> None:
    data = b"".join(line(str(number)) for number in range(100))
    part = new_lines(data, PLACE + 100, ALL, cut=True, ended=False)
    assert b"left out" in part.lines[0]
    assert part.next == PLACE + SECOND


@pytest.mark.parametrize(
    "data", [b"", b"\n", b"no time\n", b"9999-99-99T99:99:99Z x\n", b"\xff\xfe\n", b"2026-11-30T08:00:05Z\n"]
)
def test_odd_answers_do_no_harm(data: bytes) -> None:
    part = new_lines(data, 0, ALL, cut=False, ended=False)
    again = new_lines(data, part.next, ALL, cut=False, ended=False)
    assert again.lines == ()
    assert again.next == part.next


def test_times_of_nodes_in_other_zones_and_clocks_that_go_back() -> None:
    data = line("a", 3600, "+01:00") + line("b", 2) + line("c", 1)
    part = new_lines(data, 0, ALL, cut=False, ended=False)
    assert part.lines == (b"a", b"b", b"c")
    assert part.next == PLACE + 2 * SECOND + 2


def test_the_text_is_printable_and_without_what_looks_like_a_secret() -> None:
    lines = [b"10 %\r50 %\rdone\r", b"\x1b[31mred", b"password=sesame", b"\tx \xff", b""]
    assert text_of(lines, 1000) == "done\n\\x1b[31mred\npassword=***\n    x �\n"
    assert text_of([b"x" * 100, b"end"], 7) == "xxx\nend"
