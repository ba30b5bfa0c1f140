"""What is asked for and what stands in files may be anything: it is written and read back as itself, or refused."""

from __future__ import annotations

import math
import time
from typing import Any

import pytest

from reconciler.desired.edit import edit
from reconciler.desired.yaml import MAX_SIZE, read_documents
from reconciler.errors import InputError, MissingError, TakenError
from reconciler.models.proposal import Restart, Resume, Start, Stop, Suspend, Update
from reconciler.models.revision import File
from tests.desired.edit.world import HEAD, PATH, after, apply, content, document
from tests.desired.world import as_file

HOSTILE = [
    "- a: b # c", "*x", "&x y", "!!python/object/apply:os.system [ls]", "{{ }}", "{a: b}", "[", "]", "a: b", "a:", ":",
    "a #b", "#", " x ", "x\n", "\nx", "a\nb", "a\n\nb\n\n", "\ta", "a\t", "a\u2028b", "\x85", "\x00", "\x1b[31m",
    "\x7f", "\ufeff", "\ufffe", "0x10", "0o7", "010", "1e3", "1_000", ".inf", ".NaN", "12:30", "12:30:45", "~", "null",
    "Null", "yes", "NO", "On", "y", "true", "---", "...", "--- x", "%YAML 1.1", "@x", "`x`", "|", ">-", "? a", "- ",
    "-", "'",
    '"', "\\", "\\n", "a\r\nb", "a\rb", "=", "<<", "", "é😀", "\N{RIGHT-TO-LEFT OVERRIDE}x", "x" * 4096, "a b " * 1024,
    "a\n" * 2048, "2026-11-30T03:00:00Z", "1.0",
    "+1", "-1", ",", "a,b", "${config.model}", "<%= x %>", "🏳️‍🌈", "\u0301a",
]  # fmt: skip


@pytest.mark.parametrize("value", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize(
    "before",
    [
        " {recipe: faiss, env: {A: b, C: 'd', E: \"f\"}}\n",
        "\n  recipe: faiss\n  env:\n    A: b  # comment\n    C: 'd'\n    E: \"f\"\n",
        "\n  recipe: faiss\n  env: {A: b, C: 'd', E: \"f\"}\n  # comment",
    ],
    ids=["flow", "block", "both"],
)
def test_every_text_is_read_back_as_itself(before: str, value: str) -> None:
    spec = {"env": {"A": value, "C": value, "E": value, "NEW": value}, "new": [value, {value[:200] or "k": value}]}
    expected = {"recipe": "faiss", **spec}
    text = document(before)
    new = after(text, Update("a", spec))
    assert content(new)["spec"] == expected
    assert new.count("# comment") == text.count("# comment")
    started = apply(None, Start("a", expected, {"label": value}))
    assert started.after is not None
    assert content(started.after)["spec"] == expected
    assert content(started.after)["metadata"] == {"name": "a", "labels": {"label": value}}


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (math.nan, "spec.x: is not allowed; found a number that is none of these; expected a finite number"),
        (-math.inf, "a finite number"),
        (10**40, "at most 40 digits"),
        (b"bytes", "spec.x: is not allowed; found bytes; expected what JSON knows"),
        ({"a": {1, 2}}, "spec.x.a: is not allowed; found set"),
        ({1: 2}, "spec.x: a key is not text"),
        ({"k" * 1001: 2}, "spec.x: a key is longer than 1,000 characters"),
        ({"\x85" * 200: 2}, "spec.x: a key is longer than 1,000 characters"),
        ({"\ud800": 2}, "not text: it has characters that UTF-8 does not know"),
        (["\udfff"], "spec.x[0]: not text"),
    ],
)
def test_what_yaml_does_not_have_is_refused_with_its_field(value: Any, words: str) -> None:
    for asked in (Start("new", {"x": value}), Update("a", {"x": value})):
        with pytest.raises(InputError) as caught:
            apply(document(" {recipe: faiss}\n"), asked)
        assert words in str(caught.value)


@pytest.mark.parametrize("kind", [lambda inner: {"a": inner}, lambda inner: [inner]], ids=["mappings", "lists"])
def test_what_is_too_deep_is_refused_before_anything_is_written(kind: Any) -> None:
    value: Any = 1
    for _ in range(500):
        value = kind(value)
    for asked in (Start("new", {"x": value}), Update("a", {"x": value})):
        with pytest.raises(InputError, match="lists and mappings inside each other"):
            apply(document(" {recipe: faiss}\n"), asked)


def test_a_file_that_would_be_too_large_is_refused_in_the_words_of_its_reader() -> None:
    long = document("\n  recipe: faiss\n") + "#" * (MAX_SIZE - 1000) + "\n"
    assert content(after(long, Update("a", {"x": 1})))["spec"]["x"] == 1
    with pytest.raises(InputError, match="larger than"):
        apply(long, Update("a", {"x": "y" * 2000}))
    with pytest.raises(InputError, match="asks for too much: more than 100,000 values"):
        apply(document("\n  recipe: faiss\n"), Update("a", {"x": [0] * 100_001}))


def many(count: int) -> str:
    return "---\n".join(document(" {recipe: faiss}\n", f"s{number}") for number in range(count))


def test_one_of_two_thousand_documents() -> None:
    text = many(2_000)
    files = {PATH: as_file(PATH, text)}
    places = {f"s{number}": (PATH,) for number in range(2_000)}
    began = time.monotonic()
    suspended = edit(files, places, Suspend("s1500"), "desired").after
    stopped = edit(files, places, Stop("s1500"), "desired").after
    assert time.monotonic() - began < 30
    assert suspended is not None
    assert stopped is not None
    assert len(suspended) - len(text) == len(", suspend: true")
    assert len(text) - len(stopped) == len("---\n" + document(" {recipe: faiss}\n", "s1500"))


def test_ten_thousand_documents_are_more_than_a_file_may_have() -> None:
    with pytest.raises(InputError, match="asks for too much: more than 100,000 values"):
        edit({PATH: as_file(PATH, many(10_000))}, {"s1": (PATH,)}, Stop("s1"), "desired")


BOMB = "a: &a [1,2,3,4,5,6,7,8,9]\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [{', '.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(9)
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (document("\n  recipe: faiss\n") + BOMB, "asks for too much"),
        (document("\n  recipe: faiss\n") + "x: " + "[" * 40 + "]" * 40 + "\n", "inside each other"),
        (document("\n\trecipe: faiss\n"), f"{PATH}:5:1: no valid YAML"),
        (document("\n  recipe: fa\x00iss\n"), "no valid YAML"),
        (document("\n  recipe: faiss\n  env: {A: 1, A: 2}\n"), f"{PATH}:6:15: spec.env.A: the key is there twice"),
        (document("\n  recipe: faiss\n  env: {<<: {A: 1}}\n"), "<< is not part of YAML 1.2"),
        (document(" [1]\n"), f"{PATH}:4:1: spec: is not a mapping"),
        (document(" &x {recipe: faiss}\nother: *x\n"), f"{PATH}:4:7: cannot be changed by itself: it has an anchor"),
        (document("\n  recipe: faiss\n  x: &x 1\n  y: *x\n"), f"{PATH}:6:6: cannot be changed by itself: it has an"),
        (document("\n  recipe: faiss\n  y: &x {z: [&y 1]}\n  x: *x\n"), f"{PATH}:6:6: cannot be changed by itself: it"),
        (document("\n  ? x\n  : 1\n  recipe: faiss\n"), f"{PATH}:5:5: cannot be changed by itself: "),
        (document("\n  recipe: faiss\n") + "---\n" + document(" {}\n"), f"{PATH}:7:1: metadata.name: the name `a` is"),
    ],
)
def test_what_cannot_be_changed_is_refused_and_says_where(text: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        edit({PATH: as_file(PATH, text)}, {"a": (PATH,)}, Update("a", {"x": {"k": 2}, "y": 3}), "desired")
    assert words in str(caught.value)


def test_an_alias_elsewhere_in_the_document_stands_in_nobodys_way() -> None:
    text = document("\n  recipe: faiss\n  env: &x {A: '1'}\n  config: *x\n")
    new = after(text, Update("a", {"nodes": 2}))
    assert new == text + "  nodes: 2\n"


def test_very_long_lines_stay_as_long() -> None:
    long = "word " * 40_000
    text = document(f"\n  recipe: faiss\n  x: {long}\n  y: [{', '.join(['1'] * 5_000)}]\n  suspend: false\n")
    assert after(text, Suspend("a")) == text.replace("suspend: false", "suspend: true")


@pytest.mark.parametrize(
    "name",
    ["", "A", "é", "../x", "a/b", ".git", "a.b", "a_b", "-a", "a-", "1a", "x" * 51, "a\n", "a\x00", "a b", "\uff41"],
)
def test_names_that_are_none_are_refused(name: str) -> None:
    with pytest.raises(InputError, match=r"the new file: metadata\.name: is not allowed; found text `"):
        apply(None, Start(name, {"recipe": "faiss"}))
    with pytest.raises(MissingError):
        apply(document(" {recipe: faiss}\n"), Stop(name))


@pytest.mark.parametrize(
    "folder", ["..", "desired/../..", "/etc", "a//b", "a/", "./a", ".git", "a/.git/b", "-a", "a\\b", "a\nb", "x" * 201]
)
def test_folders_that_are_none_are_refused(folder: str) -> None:
    with pytest.raises(InputError, match="the new file: folder: is not allowed"):
        edit({}, {}, Start("new", {"recipe": "faiss"}), folder)


def test_a_service_is_not_put_among_recipes() -> None:
    for folder in ("recipes", "recipes/inference"):
        with pytest.raises(InputError, match="folder: is where recipes are"):
            edit({}, {}, Start("new", {"recipe": "faiss"}), folder)


def test_a_name_or_a_file_that_is_there_is_taken() -> None:
    text = document(" {recipe: faiss}\n")
    with pytest.raises(TakenError, match=r"the name `a` is taken: it is that of a service in desired/f\.yaml"):
        apply(text, Start("a", {}))
    with pytest.raises(TakenError, match=r"the file desired/f\.yaml is there already, and does not declare `f`"):
        apply(text, Start("f", {}))
    with pytest.raises(TakenError, match=r"desired/f\.yaml/new\.yaml cannot be a file: desired/f\.yaml is there"):
        edit({PATH: as_file(PATH, text)}, {}, Start("new", {}), "desired/f.yaml")
    with pytest.raises(TakenError, match=r"cannot be a file: desired/new\.yaml/x\.yaml is there"):
        edit({"desired/new.yaml/x.yaml": as_file("", "")}, {}, Start("new", {}), "desired")
    with pytest.raises(TakenError, match="seems to be taken by a file that cannot be read: desired/broken"):
        apply(text, Start("gone", {}), broken="metadata: {name: gone")


@pytest.mark.parametrize("asked", [Stop("lama"), Suspend("lama"), Resume("lama"), Restart("lama", "x"), Update("lama")])
def test_a_name_that_nobody_has_is_missing_and_near_names_are_told(asked: Any) -> None:
    with pytest.raises(MissingError, match=r"no service is called `lama`; did you mean `llama`\?"):
        apply(document(" {recipe: faiss}\n", "llama"), asked)


def test_files_that_cannot_be_read_say_so() -> None:
    broken = as_file(PATH, "metadata: {name: gone")
    with pytest.raises(InputError, match=r"desired/f\.yaml:2:1: no valid YAML"):
        edit({PATH: broken}, {}, Stop("gone"), "desired")
    refused = File(PATH, "0" * 40, None, "larger than 1 MiB")
    with pytest.raises(InputError, match=r"desired/f\.yaml: larger than 1 MiB; change the file by hand"):
        edit({PATH: refused}, {"gone": (PATH,)}, Stop("gone"), "desired")


def test_a_name_in_two_files_is_nobodys() -> None:
    text = document(" {recipe: faiss}\n")
    with pytest.raises(InputError) as caught:
        edit({PATH: as_file(PATH, text), "b.yaml": as_file("b.yaml", text)}, {"a": (PATH, "b.yaml")}, Stop("a"), "x")
    assert [one.file for one in caught.value.complaints] == [PATH, "b.yaml"]


def test_json_stays_json() -> None:
    text = (
        '{"apiVersion": "reconciler/v1", "kind": "Service", "metadata": {"name": "a"}, "spec": {"recipe": "faiss"}}\n'
    )
    new = after(text, Update("a", {"nodes": 2, "dependsOn": ["b"], "slurm": {"time": "4h"}}))
    assert new == text.replace('"faiss"', '"faiss", "nodes": 2, "dependsOn": ["b"], "slurm": {"time": "4h"}')


def test_empty_documents_and_directives_are_left_alone() -> None:
    text = f"---\n---\n# nothing\n---\n%odd: 1\n---\n{document(' {recipe: faiss}', 'a')}\n--- ~\n"
    assert len(read_documents(PATH, text).documents) == 0, "a line that begins with % is a directive, or broken"
    text = text.replace("%odd: 1\n---\n", "")
    assert after(text, Suspend("a")) == text.replace("faiss}", "faiss, suspend: true}")
    assert apply(text, Stop("a")).after is None


def test_what_changes_nothing_leaves_every_byte() -> None:
    text = HEAD + "metadata: {name: a}\nspec: {recipe: faiss, nodes: 0x2, config: {a: 1.50, b: 'x'}, suspend: FALSE}"
    for asked in (
        Update("a"),
        Update("a", {"nodes": 2, "config": {"a": 1.5, "b": "x", "c": None}, "slurm": None}, {"none": None}),
        Update("a", {"slurm": {"time": None}}),
        Resume("a"),
    ):
        assert apply(text, asked).after == text
    assert not apply(text, Update("a", {"config": {}})).changes


def test_numbers_are_told_from_each_other() -> None:
    text = document(" {recipe: faiss, config: {a: 1, b: 1.0, c: true}}\n")
    new = after(text, Update("a", {"config": {"a": True, "b": 1, "c": 1.0}}))
    assert new == text.replace("a: 1, b: 1.0, c: true", "a: true, b: 1, c: 1.0")


def test_a_value_where_there_was_none() -> None:
    text = document("\n  recipe: faiss\n  x:\n  y:   # none\n  z:\n  -\n  - 1\n  f: {'x':, y: , z}\n")
    new = after(text, Update("a", {"x": 1, "y": "two", "z": ["three", 1], "f": {"x": 1, "y": 2, "z": 3}}))
    assert new == document(
        "\n  recipe: faiss\n  x: 1\n  y: two   # none\n  z:\n  - three\n  - 1\n  f: {'x': 1, y: 2, z: 3}\n"
    )


def test_comments_between_commas_are_not_lost() -> None:
    text = document("\n  recipe: faiss\n  config: {a: 1,  # one\n    b: 2, c: 3}\n")
    with pytest.raises(InputError, match=rf"{PATH}:7:5: cannot be changed by itself: comments stand between"):
        apply(text, Update("a", {"config": {"b": None}}))
    assert after(text, Update("a", {"config": {"c": None}})) == text.replace(", c: 3", "")


def test_a_text_of_lines_at_the_end_of_a_file_without_a_line_break_stays_what_it_is() -> None:
    text = document("\n  recipe: faiss\n  env:\n    A: |\n      one\n      two")
    assert after(text, Suspend("a")) == text.replace("  env:", "  suspend: true\n  env:")
    new = after(text, Update("a", {"env": {"B": "x"}}))
    assert new == text.replace("    A: |", "    B: x\n    A: |")
    last = document("\n  recipe: faiss\n  env:\n    A: |\n      one\n  nodes: 2")
    assert after(last, Update("a", {"nodes": None})) == last.removesuffix("  nodes: 2")


def test_blank_lines_that_count_stay_when_what_stood_below_goes() -> None:
    first = document("\n  recipe: faiss\n  env:\n    A: |+\n      one\n\n\n", "first")
    assert after(first + "---\n" + document(" {}\n"), Stop("a")) == first
    plain = document("\n  recipe: faiss\n", "first")
    assert after(plain + "\n\n---\n" + document(" {}\n"), Stop("a")) == plain
