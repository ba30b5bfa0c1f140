from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.models.text import visible
from reconciler.settings import Folders
from reconciler.slurm.job.output import BYTES, LINES, JobOutput
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


@given(st.text())
def test_visible_text_is_one_printable_line(text: str) -> None:
    assert visible(text).isprintable()
    assert visible(visible(text)) == visible(text)
