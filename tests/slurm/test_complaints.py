"""What a probe complained of, in words; and that the script knows no word that is not told."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.slurm.job.script import SUPERVISOR
from reconciler.slurm.look.complaints import READY, WORDS, fails, told

#: Words of which a part is a variable.
MADE = {"no-$1": ("no-file", "no-folder"), "data-$1": ("data-owner", "data-service", "data-recipe")}


@pytest.mark.parametrize(
    ("why", "words"),
    [
        ("", "its health probe fails"),
        ("http-503@GET/health", "its health probe fails: HTTP 503 (GET /health)"),
        ("timeout@first:POST/v1", "its first request fails: no answer in time (POST /v1)"),
        ("refused@tcp:http", "its health probe fails: connection refused (TCP http)"),
        ("grpc-5@grpc:rpc", "its health probe fails: gRPC status 5 (gRPC rpc)"),
        ("not-serving@grpc:rpc", "its health probe fails: NOT_SERVING (gRPC rpc)"),
        ("exit-2@pg_isready", "its health probe fails: ended with 2 (pg_isready)"),
        ("exit-2@GETTER", "its health probe fails: ended with 2 (GETTER)"),
        ("step-2@initdb", "could not be made ready: a first step ended with 2 (initdb); read what it wrote last"),
        ("no-new@x", "its health probe fails: no-new (x)"),
        ("body", "its health probe fails: the answer lacks the text that it should have"),
        ("some-new-word@GET/", "its health probe fails: some-new-word (GET /)"),
        ("http-x", "its health probe fails: http-x"),
        ("@", "its health probe fails: @"),
    ],
)
def test_a_complaint_is_told_in_words(why: str, words: str) -> None:
    assert fails(why) == words


@given(st.text())
def test_any_complaint_is_told(why: str) -> None:
    assert told(why) or not why


def test_every_word_of_the_script_is_known() -> None:
    said = set(re.findall(r"\bfail ([a-z0-9-]+)\b", SUPERVISOR)) | set(re.findall(r"word=([a-z]+)\b", SUPERVISOR))
    assert said | {"no-curl", "header"} == set(WORDS)
    assert {"http", "grpc"} == set(re.findall(r'fail "([a-z]+)-', SUPERVISOR))


def test_every_word_with_which_a_job_gives_up_is_known() -> None:
    lines = [line for line in SUPERVISOR.replace("\\\n", " ").splitlines() if "give_up " in line]
    said = {word for line in lines for word in re.findall(r'"\s+"?([a-z]+-[a-z0-9$-]*)', line)}
    said = {one for word in said for one in MADE.get(word, (word.removesuffix("$code"),))}
    assert said == set(READY)
