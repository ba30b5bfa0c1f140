"""Lines of the log: nothing that is put into one forges another, and no secret is in it."""

from __future__ import annotations

import json
import logging
import re
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.logs import FIELDS, JsonLines, TextLines
from reconciler.models.text import redact

TEXT = st.text(max_size=60) | st.sampled_from(["\x1b[2J", "a\nb", "\u202e", 'x" ] [service=b', "\ud800", "a\r\u2028b"])
HEAD = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4} INFO    reconciler\.x: "


def record(message: str, *, failed: str | None = None, **fields: Any) -> logging.LogRecord:
    one = logging.LogRecord("reconciler.x", logging.INFO, "x.py", 1, "%s", (message,), None)
    vars(one).update(fields)
    if failed is not None:
        one.exc_info = (RuntimeError, RuntimeError(failed), None)
    return one


@given(TEXT, st.dictionaries(st.sampled_from(FIELDS), TEXT), st.none() | TEXT)
def test_a_json_line_is_one_object_whatever_is_in_it(message: str, fields: dict[str, str], failed: str | None) -> None:
    line = JsonLines().format(record(message, failed=failed, **fields))
    found = json.loads(line)
    assert len(line.splitlines()) == 1
    assert line.isprintable()
    assert list(found)[:4] == ["time", "level", "logger", "message"]
    assert found.keys() - {"exception"} - set(list(found)[:4]) == {name for name, value in fields.items() if value}
    assert ("exception" in found) == (failed is not None)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", found["time"])


@given(TEXT, st.dictionaries(st.sampled_from(FIELDS), TEXT), st.none() | TEXT)
def test_a_line_of_text_is_one_line_and_a_traceback_cannot_be_taken_for_one(
    message: str, fields: dict[str, str], failed: str | None
) -> None:
    first, *rest = TextLines().format(record(message, failed=failed, **fields)).splitlines()
    assert re.match(HEAD, first)
    assert all(line.isprintable() for line in (first, *rest))
    assert all(line.startswith("  | ") for line in rest)
    assert bool(rest) == (failed is not None)


def test_text_says_the_fields_that_its_words_lack() -> None:
    line = TextLines().format(
        record("slurm: deploy a.0: not there", service="a", target="slurm", revision="abc 1", reason="not there")
    )
    assert line.endswith(': slurm: deploy a.0: not there [service=a target=slurm revision="abc 1"]')


SECRETS = [
    ("https://ada:hunter22@git.example/x.git: 403", "https://***@git.example/x.git: 403"),
    ("Authorization: Basic YWRhOmh1bnRlcjIy", "Authorization: Basic ***"),
    ('{"Authorization": "Bearer hunter22"}', '{"Authorization": "Bearer ***"}'),
    ("bearer abcdefghijklmnop1234", "bearer ***"),
    ("POSTGRES_PASSWORD=hunter22 psql", "POSTGRES_PASSWORD=*** psql"),
    ('"token": "hunter22",', '"token": "***",'),
    ("login with hf_abcdefghijklmnopqrstuvwxyz", "login with ***"),
    ("ghp_abcdefghijklmnopqrst1234 is wrong", "*** is wrong"),
    ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc", "***"),
    ("-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n-----END OPENSSH PRIVATE KEY-----", "***"),
]
HARMLESS = [
    "desired/a.yaml:3:5: spec.secrets.HF_TOKEN: is missing; add `HF_TOKEN:`",
    "slurm: deploy a.0: the secret hub/token is not there",
    "metrics at http://127.0.0.1:9464/metrics",
    "revision 0123456789ab by ada@example.org: a token for everybody",
    "git@host:team/desired.git: no answer in 60 s",
]


@pytest.mark.parametrize(("text", "safe"), SECRETS, ids=[safe for _, safe in SECRETS])
def test_what_looks_like_a_secret_is_not_written(text: str, safe: str) -> None:
    assert redact(text) == safe
    for lines in (TextLines(), JsonLines()):
        told = lines.format(record(f"x {text}", failed=text, reason=text))
        assert not re.search("hunter22|YWRh|abcdefghijklmnop|eyJ", told)


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_harmless_stays(text: str) -> None:
    assert redact(text) == text


def test_a_text_without_end_is_cut() -> None:
    assert len(JsonLines().format(record("x" * 10**6, reason="y" * 10**6))) < 20_000


PROGRAM = """\
import logging, sys, threading, warnings
from reconciler.logs import start_logging
start_logging("info", sys.argv[1])
warnings.warn("old\\nuse", UserWarning)
logging.getLogger("uvicorn.error").warning("of a library")
logging.getLogger("uvicorn.error").info("not told")
thread = threading.Thread(target=lambda: 1 / 0, name="pages")
thread.start(); thread.join()
raise RuntimeError("the end\\nof it")
"""


def test_libraries_warnings_and_what_ends_unforeseen_are_in_the_same_form() -> None:
    argv = [sys.executable, "-c", PROGRAM, "json"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert done.returncode == 1
    assert [line["logger"] for line in lines] == ["py.warnings", "uvicorn.error", "reconciler", "reconciler"]
    assert [line["message"] for line in lines[1:]] == [
        "of a library",
        "an error of its own ends the thread pages",
        "an error of its own ends the process",
    ]
    assert "ZeroDivisionError" in lines[2]["exception"]
    assert "RuntimeError: the end" in lines[3]["exception"]
