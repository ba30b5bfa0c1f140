from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.errors import LookError
from reconciler.models.health import Health
from reconciler.models.workload import Conflict, Phase
from reconciler.slurm.look.jobs import sort
from reconciler.slurm.look.squeue import Record, arguments, read
from reconciler.slurm.look.workloads import Frame, workload
from tests.slurm.services import OWNER
from tests.slurm.texts import NOW, RUNNING, TITLES, TOKEN, printed, row

RECORDING = (Path(__file__).parent / "recordings" / "hostile.txt").read_bytes().decode()
OTHER = RUNNING._replace(id="8", name="x", comment="y")
WORD = st.text(st.characters(exclude_characters="\x1e\x1f"), max_size=10)
TIME = st.none() | st.integers(1, 99_999_999_999)
RECORDS = st.builds(
    Record,
    id=st.integers(1, 2**32).map(str) | st.just("26_[1-3]") | st.just("93+1"),
    state=WORD,
    why=WORD,
    host=WORD,
    start=TIME,
    end=TIME,
    submit=TIME,
    limit=WORD,
    name=st.text(),
    comment=st.text(),
)


def test_hostile_records_change_nothing_for_ours() -> None:
    jobs, _ = sort(read(RECORDING, TOKEN), OWNER)
    seen = {one.mark.service: one for one in (workload(Frame("slurm", NOW), job) for job in jobs)}
    assert {name: (one.phase, one.health, one.reason.partition("; log:")[0]) for name, one in seen.items()} == {
        "later": (Phase.ENDED, Health.SUSPENDED, "was cancelled"),
        "web": (Phase.ENDED, Health.SUSPENDED, "was stopped, as asked"),
        "web2": (Phase.ENDED, Health.FAILED, "was ended by signal 15"),
        "fails": (Phase.ENDED, Health.FAILED, "ended with exit code 1"),
        "late": (Phase.ENDED, Health.FAILED, "was not healthy in time after its start"),
    }
    assert (seen["web"].lasted, seen["web2"].lasted) == (0.0, 4.0)


def test_jobs_of_others_with_our_names_are_conflicts() -> None:
    _, conflicts = sort(read(RECORDING, TOKEN), OWNER)
    mend = "`scontrol update JobId=19 Comment=…` with its mark keeps it, `scancel 19` ends it"
    assert conflicts == [
        Conflict("db", "job 18_[1-3] has the name db.1 and does not bear our mark; `scancel 18_[1-3]` ends it"),
        Conflict("web", f"job 19 has the name web.0 and does not bear our mark; {mend}", replica=0),
        Conflict("web", "job 21 has the name web.0 and bears the mark of factory-b; `scancel 21` ends it"),
    ]


@given(st.lists(RECORDS))
def test_what_is_printed_is_read_back_whatever_the_texts_of_others(records: list[Record]) -> None:
    clean = [
        record._replace(name=record.name.replace(TOKEN, ""), comment=record.comment.replace(TOKEN, ""))
        for record in records
    ]
    assert read(printed(*clean), TOKEN) == clean


@pytest.mark.parametrize("cut", range(1, len(printed(RUNNING, OTHER)) + 1, 3))
def test_a_text_that_was_cut_is_no_look(cut: int) -> None:
    text = printed(RUNNING, OTHER)
    for part in (text[:-cut], text[cut:]):
        # What lost whole lines at its end cannot be told from a shorter answer.
        if not (part.startswith("\x1eJOBID") and part.endswith(f"{TOKEN}\n")):
            with pytest.raises(LookError, match="cut or mixed"):
                read(part, TOKEN)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "Welcome!\n" + printed(RUNNING),
        printed(RUNNING) + "Bye\n",
        printed(RUNNING) + "\n",
        printed() + "squeue: warning\n" + row(TITLES, "NAME", "COMMENT"),
        "CLUSTER: lab\n" + printed(),
        row(("7", *TITLES[1:]), "web.0", ""),
        printed() + row(("7", "RUNNING", "None"), "web.0", ""),
        printed() + row(("7", "RUN\x1fNING", *TITLES[2:]), "web.0", ""),
    ],
)
def test_a_text_that_is_not_wholly_made_of_records_is_no_look(text: str) -> None:
    with pytest.raises(LookError, match="cut or mixed"):
        read(text, TOKEN)


def test_an_answer_without_jobs_is_a_whole_look() -> None:
    assert read(printed(), TOKEN) == []


def test_a_forged_record_needs_the_token() -> None:
    forger = OTHER._replace(comment=printed(RUNNING).replace(TOKEN, "5ca1ab1e5d"))
    assert read(printed(forger), TOKEN) == [forger]


@pytest.mark.parametrize("time", ["N/A", "NONE", "Unknown", "INVALID", "", "0", "-5", "9" * 30, "٣"])
def test_a_time_that_is_none_is_none(time: str) -> None:
    (seen,) = read(printed() + row(("7", "RUNNING", "None", "n1", time, time, time, ""), "a", "b"), TOKEN)
    assert (seen.start, seen.end, seen.submit) == (None, None, None)


def test_the_bytes_of_a_look_are_at_most_a_fifth_more_than_those_of_a_bare_one() -> None:
    comment = "rec1 o=factory-a s=llama-8b r=0 g=0 a=0 d=0123456789abcdef k= v=0123456789ab q=9f8e7d6c l=14400"
    waiting = Record("1234", "PENDING", "Priority", "n/a", None, None, 1795516191, "4:00:00", "llama-8b.0", comment)
    ours = printed(*[waiting] * 1000)
    bare = "|".join("N/A" if field is None else str(field) for field in waiting) + "\n"
    assert len(ours) <= 1.2 * len(bare) * 1000


def test_the_fields_of_others_are_behind_the_token() -> None:
    *_, form = arguments("T")
    assert form == "--format=\x1e%i\x1f%T\x1f%r\x1f%B\x1f%S\x1f%e\x1f%V\x1f%lT%jT%kT"
