from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reconciler.models.workload import Mark
from reconciler.slurm.mark import LIMIT, Report, Stage, Stamp, job_name, read, replica_of, service_of, write
from tests.slurm.services import mark

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
COUNT = st.integers(0, 999_999_999)
MARKS = st.builds(
    Mark,
    owner=TEXT,
    service=TEXT,
    replica=COUNT,
    digest=TEXT,
    restart=TEXT,
    generation=COUNT,
    attempt=COUNT,
    revision=TEXT,
    place=TEXT,
    limit=COUNT,
)
REPORTS = st.builds(
    Report,
    node=st.from_regex(r"[A-Za-z0-9._-]{1,30}", fullmatch=True),
    stage=st.sampled_from(Stage),
    ports=st.lists(st.tuples(st.from_regex(r"[a-z0-9-]{1,10}", fullmatch=True), st.integers(1, 65535))).map(tuple),
    code=st.none() | st.integers(0, 255),
    start=st.none() | st.integers(1, 99_999_999_999),
    since=st.none() | st.integers(1, 99_999_999_999),
    why=st.just("") | st.from_regex(r"[a-z0-9-]{1,24}(@[A-Za-z0-9_./%:-]{1,60})?", fullmatch=True),
)


@given(MARKS)
def test_what_is_written_is_read_back(made: Mark) -> None:
    assert read(write(made)) == Stamp(made)


@given(MARKS)
def test_a_mark_is_one_line_of_printable_ascii(made: Mark) -> None:
    assert write(made).isascii()
    assert write(made).isprintable()


@given(MARKS, REPORTS)
def test_a_report_behind_the_mark_is_read(made: Mark, report: Report) -> None:
    note = words_of(report)
    assert read(f"{write(made)} {note}") == Stamp(made, report, note)


def words_of(report: Report) -> str:
    """The words of `job.sh` in their order."""
    ports = ",".join(f"{name}:{number}" for name, number in report.ports)
    words = {
        "n": report.node,
        "p": ports or None,
        "t": report.start,
        "h": report.stage.value,
        "u": report.since,
        "x": report.code,
        "w": report.why or None,
    }
    return " ".join(f"{key}={value}" for key, value in words.items() if value is not None)


@given(st.text() | st.from_regex(r"rec1 o=.* s=.* r=\d+ g=\d+ a=\d+ d=.* k=.* v=.*( q=.* l=\d+)?"))
@example("rec1 o=a s=a r=0 g=0 a=0 d= k= v= q= l=0")
@example("rec1 o=%zz s=a r=0 g=0 a=0 d= k= v=")
@example("rec1 o=%ed%a0%80 s=a r=0 g=0 a=0 d= k= v=")
def test_reading_is_total_and_takes_only_our_own_spelling(text: str) -> None:
    found = read(text)
    assert found is None or (text.startswith(write(found.mark)) and text.endswith(found.note))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "(null)",
        "rec2 o=factory-a s=web r=0 g=0 a=0 d=ab k= v=",
        "rec1 o=factory-a s=web r=00 g=0 a=0 d=ab k= v=",
        "rec1 o=factory-a s=web r=0 g=0 a=0 d=ab k=",
        " rec1 o=factory-a s=web r=0 g=0 a=0 d=ab k= v=",
        "rec1 o=factory-a  s=web r=0 g=0 a=0 d=ab k= v=",
        "rec1 o=%66actory-a s=web r=0 g=0 a=0 d=ab k= v=",
        "rec1 o=%c3%bc s=web r=0 g=0 a=0 d=ab k= v=",
        "rec1 o=factory-a s=web r=0 g=0 a=0 d=ab k= v= q= l=0",
        "rec1 o=factory-a s=web r=0 g=0 a=0 d=ab k= v= q=ab l=060",
        "rec1 o=factory-a s=web r=0 g=0 a=0 d=ab k= v=\n",
        "rec1 o=factory-a s=web r=0 g=0 a=0 d=a/b k= v=",
    ],
)
def test_another_comment_is_not_a_mark(text: str) -> None:
    assert read(text) is None


@pytest.mark.parametrize(
    "words",
    [
        *("hello", "n=a", "n=a h=", "n=a h=great", "n=a p=http h=ok", "n=a h=ok x=-1", "n=a h=ok t=1", "\n"),
        *(f"n=a h=bad w={why}" for why in ("", "@", "a@", "A", "a b", "a;b", "x" * 25, "a@" + "x" * 61, "a@x'", "ü")),
    ],
)
def test_a_damaged_report_does_not_unmake_the_mark(words: str) -> None:
    assert read(f"{write(mark('web'))} {words}") == Stamp(mark("web"), None, words)


def test_a_mark_that_slurm_would_cut_is_refused() -> None:
    with pytest.raises(ValueError, match=f"at most {LIMIT} bytes"):
        write(mark("web", revision="x" * LIMIT))


@pytest.mark.parametrize("name", ["web", "web.", "web.01", "Web.0", "a.b.0", "web.0\n", "web.x", ".0", "web.0.1"])
def test_other_names_are_no_service(name: str) -> None:
    assert service_of(name) is None
    assert replica_of(name) is None


def test_the_name_of_a_job_is_read_back() -> None:
    assert service_of(job_name("llama-8b", 12)) == "llama-8b"
    assert replica_of(job_name("llama-8b", 12)) == ("llama-8b", 12)
