from __future__ import annotations

import io

from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from reconciler.kube.render.text import dump

# Surrogates and unassigned characters beyond the first plane cannot be written as JSON escapes that YAML reads.
_TEXT = st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"]), max_size=20)
_LINES = (
    st.lists(st.text("a #:-|>'\"\t", max_size=5), min_size=1, max_size=4).map("\n".join).map(lambda text: text + "\n")
)
_SCALARS = st.none() | st.booleans() | st.integers(-(10**9), 10**9) | _TEXT | _LINES
_VALUES = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXT, inner, max_size=4), max_leaves=12
)


@given(st.lists(st.dictionaries(_TEXT, _VALUES, min_size=1, max_size=4), min_size=1, max_size=3))
def test_what_is_dumped_is_the_same_yaml(objects: list[dict[str, object]]) -> None:
    assert list(YAML(typ="safe", pure=True).load_all(io.StringIO(dump(objects)))) == objects


def test_a_program_can_be_read_line_by_line() -> None:
    text = "if true; then\n    echo 'a: b' # why\n\nfi\n"
    assert dump([{"command": ["sh", text], "text": text}]).splitlines() == [
        *("command:", "  - sh", "  - |", "    if true; then", "        echo 'a: b' # why", "", "    fi"),
        *("text: |", "  if true; then", "      echo 'a: b' # why", "", "  fi"),
    ]
