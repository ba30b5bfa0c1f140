"""What holds for every file and every request: only what was meant is different, and no comment is lost."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.desired.yaml import read_documents
from reconciler.errors import InputError, MissingError
from reconciler.models.proposal import Restart, Resume, Start, Stop, Suspend, Update
from tests.desired.edit.documents import Path, files, rubbish, scalars, specs, values
from tests.desired.edit.world import after, apply, content

quick = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
Comments = dict[str, dict[str, Path]]


def merged(target: Any, patch: Any) -> Any:
    """RFC 7396 as its section 2 has it, and with mappings going of which a patch leaves nothing."""
    if not isinstance(patch, dict):
        return patch
    result = copy.deepcopy(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
            if result[key] == {} and value != {}:
                del result[key]
    return result


def same(one: Any, other: Any) -> bool:
    """Equal, and of the same types: 1 is not true."""
    return repr(_sorted(one)) == repr(_sorted(other))


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return [(key, _sorted(one)) for key, one in sorted(value.items())]
    return [_sorted(one) for one in value] if isinstance(value, list) else value


def lines_of(text: str) -> list[str]:
    return [line.strip() for line in text.removeprefix("\ufeff").split("\n")]


def parts(text: str) -> list[str]:
    """The file cut before each document after the first."""
    return ("\n" + text).split("\n---")


@quick
@given(files(), specs, st.sampled_from("abc"))
def test_an_update_says_what_it_should_and_nothing_else_is_touched(
    file: tuple[str, Comments], patch: dict[str, Any], name: str
) -> None:
    text, comments = file
    before = content(text, name)
    new = after(text, Update(name, patch))
    now = content(new, name)
    assert same(now, before | {"spec": merged(before["spec"], patch)})
    number = "abc".index(name)
    assert [one for at, one in enumerate(parts(new)) if at - len(parts(new)) != number - 3] == [
        one for at, one in enumerate(parts(text)) if at - len(parts(text)) != number - 3
    ]
    for comment, path in comments[name].items():
        if _same_kind(before, now, path):
            assert comment in lines_of(new), comment
    assert ("\r\n" in text) == ("\r\n" in new)
    assert new.replace("\r\n", "").count("\n") == (0 if "\r\n" in text else new.count("\n"))
    assert new.endswith("\n") or not text.endswith("\n")
    again = apply(new, Update(name, patch))
    assert not again.changes


def _same_kind(before: Any, now: Any, path: Path) -> bool:
    """Whether the collection at `path` is there in both, as the same kind."""
    for key in path:
        before, now = before[key], now.get(key) if isinstance(now, dict) else None
    return bool(before and now) and type(before) is type(now)


@quick
@given(
    files(), st.dictionaries(st.sampled_from(("new", "on", "é x")), values.filter(lambda one: one != {}), min_size=1)
)
def test_what_is_added_can_be_taken_away_without_a_trace(file: tuple[str, Comments], patch: dict[str, Any]) -> None:
    text, _ = file
    there = after(text, Update("b", patch))
    assert after(there, Update("b", dict.fromkeys(patch))) == text


@quick
@given(files(), st.sampled_from("abc"))
def test_resume_undoes_suspend_to_the_byte(file: tuple[str, Comments], name: str) -> None:
    text, _ = file
    suspended = after(text, Suspend(name))
    assert content(suspended, name)["spec"]["suspend"] is True
    assert not apply(suspended, Suspend(name)).changes
    assert after(suspended, Resume(name)) == text
    assert not apply(text, Resume(name)).changes


@quick
@given(files(), st.sampled_from("abc"), scalars.filter(lambda one: isinstance(one, str)))
def test_a_restart_changes_one_line(file: tuple[str, Comments], name: str, value: str) -> None:
    text, _ = file
    there = after(text, Restart(name, "before"))
    new = after(there, Restart(name, value))
    assert content(new, name)["spec"]["restart"] == value
    changed = [line for line in there.split("\n") if line not in new.split("\n")]
    assert len(changed) == (value != "before")


@quick
@given(files(), st.permutations("abc"))
def test_a_stop_takes_one_document_and_no_comment_of_another(file: tuple[str, Comments], order: list[str]) -> None:
    text, comments = file
    left = list("abc")
    for name in order[:2]:
        others = [content(text, one) for one in left if one != name]
        text = after(text, Stop(name))
        left.remove(name)
        assert [one.content for one in read_documents("f.yaml", text).documents] == others
        lines = lines_of(text)
        assert all(comment in lines for one in left for comment in comments[one])
    assert apply(text, Stop(left[0])).after is None


@quick
@given(specs, st.dictionaries(st.text(max_size=8), st.text(max_size=12), max_size=3))
def test_a_new_file_says_exactly_what_was_asked_for(spec: dict[str, Any], labels: dict[str, str]) -> None:
    done = apply(None, Start("new", {"recipe": "faiss", **spec}, labels))
    assert done.after is not None
    now = content(done.after, "new")
    expected = merged({}, {"recipe": "faiss", **spec})
    given_ = {key: value for key, value in expected.items() if value not in ({}, [])}
    assert same(now["spec"], given_)
    assert same(now["metadata"], {"name": "new", **({"labels": labels} if labels else {})})
    assert done.after.endswith("\n")
    assert done.after.isascii() or done.after.encode()


@settings(quick, max_examples=300)
@given(rubbish(), specs, st.sampled_from(["update", "stop", "suspend"]))
def test_rubbish_is_changed_rightly_or_refused(text: str, patch: dict[str, Any], verb: str) -> None:
    asked = {
        "update": Update("a", {**patch, "config": {"x": None, "y": 1}}),
        "stop": Stop("a"),
        "suspend": Suspend("a"),
    }
    try:
        done = apply(text, asked[verb])
    except (InputError, MissingError):
        return
    before = [one.content for one in read_documents("f.yaml", text).documents]
    now = [one.content for one in read_documents("f.yaml", done.after or "").documents]
    assert len(now) == len(before) - (verb == "stop")
    others = [one for one in before if "metadata" not in one or one["metadata"] != {"name": "a"}]
    assert all(one in now for one in others)
