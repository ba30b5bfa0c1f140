"""YAML of any kind becomes documents or complaints, never an exception, and within bounds."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.desired.check import check
from reconciler.desired.finding import Finding
from reconciler.desired.yaml import read_documents
from reconciler.models.recipe import Recipe
from reconciler.models.service import Service
from tests.desired.world import text


def complaints(content: str) -> list[str]:
    reading = read_documents("f.yaml", content)
    return [
        str(one)
        for one in (*reading.complaints, *(one for document in reading.documents for one in document.complaints))
    ]


@pytest.mark.parametrize(
    ("content", "value"),
    [
        ("yes", "yes"),
        ("off", "off"),
        ("true", True),
        ("2026-11-23", "2026-11-23"),
        ("12:30:45", "12:30:45"),
        ("010", 10),
        ("0o10", 8),
        ("0x1F", 31),
        ("-1_000", -1000),
        ("1.5e3", 1500.0),
        ("~", None),
        ('"2"', "2"),
        ("!!str 2", "2"),
    ],
)
def test_scalars_are_those_of_yaml_1_2(content: str, value: object) -> None:
    (document,) = read_documents("f.yaml", f"a: {content}\n").documents
    assert document.complaints == ()
    assert (document.content["a"], type(document.content["a"])) == (value, type(value))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("a: [1", "f.yaml:2:1: no valid YAML"),
        ("a: 1\nb: 2\na: 3\n", "f.yaml:3:1: a: the key is there twice"),
        ("a:\n  b: {c: 1, c: 2}\n", "f.yaml:2:13: a.b.c: the key is there twice"),
        ("x: !!python/object/apply:os.system [ls]", "a tag is not allowed"),
        ("x: !!binary aGk=", "a tag is not allowed"),
        ("x: !!int five", "cannot be read"),
        ("x: .nan", "a finite number"),
        ("x: 1e999", "a finite number"),
        ("x: " + "9" * 5000, "a finite number of at most 40 digits"),
        ("1: x", "put the key in quotes"),
        ("[a]: x", "put the key in quotes"),
        ("<<: {a: 1}", "not part of YAML 1.2"),
        ("- 1", "not a mapping"),
        ("just text", "not a mapping"),
        ("a: &a [*a]", "refers to itself"),
        ("a: *b", "not defined before"),
        ("a: \x00", "no valid YAML"),
        ("a: \ud800", "not text"),
        ("[" * 100, "f.yaml:1:33: asks for too much: more than 32"),
        ("- " * 100, "f.yaml:1:65: asks for too much: more than 32"),
        ("a: [" + "x," * 100_001 + "]", "more than 100,000 values"),
        (" " * (2**20 + 1), "larger than"),
    ],
)
def test_what_is_not_allowed_is_told_with_its_place(content: str, words: str) -> None:
    assert any(words in one for one in complaints(content)), complaints(content)


def test_all_errors_of_a_file_are_told_at_once() -> None:
    assert len(complaints("a: !x 1\nb: .inf\n---\n- 1\n---\nc: 1\nc: 2\n")) == 4


def test_an_alias_bomb_is_refused_before_anything_is_built() -> None:
    lines = ["l0: &l0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]" for n in range(1, 25)]
    began = time.process_time()
    assert "each alias counted" in complaints("\n".join(lines))[0]
    assert time.process_time() - began < 0.5


def test_deep_nesting_is_refused_before_it_costs_time() -> None:
    began = time.process_time()
    assert complaints("[" * 2**20)
    assert time.process_time() - began < 0.5


def test_aliases_may_be_used_moderately() -> None:
    (document,) = read_documents("f.yaml", "a: &a {b: [1]}\nc: *a\n").documents
    assert document.content == {"a": {"b": [1]}, "c": {"b": [1]}}
    assert document.complaints == ()


def test_empty_documents_are_skipped() -> None:
    assert [one.content for one in read_documents("f.yaml", "# nothing\n---\n---\na: 1\n...\n").documents] == [{"a": 1}]
    assert read_documents("f.yaml", "").documents == ()


@pytest.mark.parametrize(
    ("path", "line", "column"),
    [
        (("spec", "tolerations", 1, "key"), 4, 15),
        (("spec", "tolerations", 1), 4, 6),
        (("spec", "missing"), 1, 1),
        ((), 1, 1),
        (("spec", "tolerations", 7, "x"), 2, 3),
    ],
)
def test_a_finding_gets_the_line_and_column_of_its_place(path: tuple[str | int, ...], line: int, column: int) -> None:
    content = "spec:\n  tolerations:\n   - {key: a}\n   - {a: 1,   key: b}\n"
    (document,) = read_documents("f.yaml", content).documents
    complaint = document.complain(Finding(path, "x"))
    assert (complaint.line, complaint.column) == (line, column)


PIECES = st.sampled_from(
    [*"{}[]:,-&*!|>#%@`\"'\n\t ?<~", "  ", "a: ", "- ", "&a ", "*a", "!!x ", "---\n", "\x00", "\x85"]
)


def is_total(content: str) -> None:
    for document in read_documents("f.yaml", content).documents:
        for model in (Service, Recipe):
            _, findings = check(model, document.content)
            for finding in findings:
                assert document.complain(finding).line >= 1


@settings(deadline=None)  # a busy machine is no failure
@given(st.one_of(st.text(), st.lists(st.one_of(PIECES, st.text(max_size=3))).map("".join)))
def test_any_text_makes_documents_or_complaints(content: str) -> None:
    is_total(content)


@settings(deadline=None)  # as above
@given(st.binary())
def test_any_bytes_make_documents_or_complaints(content: bytes) -> None:
    is_total(content.decode("utf-8", "replace"))


@settings(deadline=None)  # as above
@given(st.integers(0, 200), st.text(max_size=3), st.integers(0, 5))
def test_any_small_change_of_a_good_file_makes_documents_or_complaints(place: int, put: str, cut: int) -> None:
    good = text("main", "{recipe: faiss, config: {a: [x]}, env: {A: b}, schedule: {up: 0 8 * * *, down: 0 9 * * *}}")
    is_total(good[:place] + put + good[place + cut :])
