from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.models.text import visible
from reconciler.models.workload import Phase
from reconciler.settings import Folders
from reconciler.slurm.job.output import BYTES, LINES, PAGE, JobOutput
from tests.fakes import workload


@pytest.fixture
def site(tmp_path: Path) -> Path:
    for name in ("logs", "secrets/hf", "secrets/db"):
        (tmp_path / name).mkdir(parents=True)
    return tmp_path


def output(site: Path, text: str | bytes) -> str:
    data = text.encode() if isinstance(text, str) else text
    (site / "logs/web.0-7.out").write_bytes(data)
    return read(site)


def read(site: Path, job: str = "7") -> str:
    folders = Folders(data=site / "data", logs=site / "logs", secrets=site / "secrets")
    return JobOutput(folders)(workload("web", identity=job))


def test_the_last_lines_and_no_more(site: Path) -> None:
    assert output(site, "one\ntwo\n\n") == "one\ntwo"
    lines = output(site, "".join(f"line {number}\n" for number in range(10_000))).splitlines()
    assert lines == [f"line {number}" for number in range(10_000 - LINES, 10_000)]


@pytest.mark.parametrize("text", ["x" * 100_000, "\x1b" * 100_000, "é" * 50_000, "x" * 5000 + "\n" + "y" * 4000])
def test_it_is_never_longer_than_the_limit(site: Path, text: str) -> None:
    assert 0 < len(output(site, text).encode()) <= BYTES


def test_control_characters_are_written_out_and_progress_bars_are_read_as_a_terminal_shows_them(site: Path) -> None:
    assert output(site, "\x1b[2J\x07gone\n\u202ereversed\n") == "\\x1b[2J\\x07gone\n\\u202ereversed"
    assert output(site, "10 %\r20 %\r30 %\r\nnext\tcell\n") == "30 %\nnext    cell"
    assert output(site, b"\xff\x00 and \xc3") == "?\\x00 and \N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize(
    ("content", "printed"),
    [
        ("hunter22\n", "login with hunter22 failed"),
        ("p@ss/word", "postgres://user:p%40ss%2Fword@host"),
        ("-----BEGIN KEY-----\nMIIEabc\n-----END KEY-----\n", "MIIEabc"),
        ("one: sesame\ntwo: open\n", "header two: open"),
    ],
)
def test_no_secret_is_shown_in_any_form(site: Path, content: str, printed: str) -> None:
    (site / "secrets/hf/token").write_text(content)
    shown = output(site, f"before\n{printed}\nafter\n")
    assert "***" in shown
    assert not any(part in shown for part in ("hunter22", "p%40ss", "MIIEabc", "sesame", "two: open"))
    assert shown.startswith("before\n")
    assert shown.endswith("\nafter")


def test_secrets_that_overlap_and_that_are_cut_are_taken_out(site: Path) -> None:
    (site / "secrets/hf/token").write_text("abcdef")
    (site / "secrets/db/password").write_text("defghi")
    assert output(site, "abcdefghi") == "***"
    (site / "secrets/db/long").write_text("S" * 60_000)
    assert set(output(site, "S" * 60_000 + "\n" + "x" * (BYTES - 5)).replace("***", "")) <= {"x", "\n"}


def test_a_short_value_is_no_secret(site: Path) -> None:
    (site / "secrets/hf/token").write_text("on\n")
    assert output(site, "turned on") == "turned on"


def test_nothing_but_a_plain_file_of_that_job_is_read(site: Path) -> None:
    (site / "else.txt").write_text("of somebody else")
    log = site / "logs/web.0-7.out"
    assert read(site) == ""
    log.symlink_to(site / "else.txt")
    assert read(site) == ""
    log.unlink()
    os.mkfifo(log)
    assert read(site) == ""
    assert read(site, "../../else") == ""
    assert read(site, "7_1") == ""


def follow(site: Path, start: int | None, lines: int = 100, *, ended: bool = False) -> tuple[str, int]:
    folders = Folders(data=site / "data", logs=site / "logs", secrets=site / "secrets")
    phase = Phase.ENDED if ended else Phase.RUNNING
    found = JobOutput(folders).read(workload("web", identity="7", phase=phase), lines, start)
    return found.text, found.next


@given(st.lists(st.text("ab\n", max_size=30), max_size=12))
def test_who_follows_reads_every_line_once(tmp_path_factory: pytest.TempPathFactory, parts: list[str]) -> None:
    site = tmp_path_factory.mktemp("site")
    (site / "logs").mkdir()
    log, seen, at = site / "logs/web.0-7.out", [], 0
    for number, part in enumerate(parts):
        with log.open("a") as file:
            file.write(part)
        text, at = follow(site, at, ended=number == len(parts) - 1)
        seen += text.splitlines()
    assert [line for line in seen if line] == [line for line in "".join(parts).splitlines() if line]


def test_a_file_of_any_size_is_followed_page_by_page_without_a_secret(site: Path) -> None:
    (site / "secrets/hf/token").write_text("hunter22")
    # A secret across the end of each page: the width of the lines is no divisor of it.
    log = site / "logs/web.0-7.out"
    log.write_text("".join(f"{number:07} hunter22\n" for number in range(50_000)))
    numbers, at, before = [], 0, -1
    while at != before:
        before = at
        text, at = follow(site, at)
        assert "hunter" not in text
        assert len(text) <= PAGE
        numbers += [int(line.partition(" ")[0]) for line in text.splitlines()]
    assert numbers == list(range(50_000))


def test_a_line_without_end_does_not_stop_it_and_a_file_that_was_cut_begins_anew(site: Path) -> None:
    log = site / "logs/web.0-7.out"
    log.write_text("x" * (3 * PAGE) + "\nend\n")
    text, at, rounds = "", 0, 0
    while "end" not in text and rounds < 10:
        text, at = follow(site, at)
        rounds += 1
    assert text.endswith("end")
    log.write_text("anew\n")
    assert follow(site, at) == ("anew", 5)


def test_the_tail_of_a_large_file_begins_with_a_whole_line(site: Path) -> None:
    (site / "secrets/hf/token").write_text("hunter22")
    (site / "logs/web.0-7.out").write_text("".join(f"{number:07} hunter22\n" for number in range(100_000)))
    lines = follow(site, None, 100_000)[0].splitlines()
    assert lines[-1] == "0099999 ***"
    assert all(len(line) == len("0099999 ***") for line in lines)
    assert follow(site, None, 2)[0].splitlines() == ["0099998 ***", "0099999 ***"]


@given(st.text())
def test_visible_text_is_one_printable_line(text: str) -> None:
    assert visible(text).isprintable()
    assert visible(visible(text)) == visible(text)
