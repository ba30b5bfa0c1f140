from __future__ import annotations

import io

from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from reconciler.kube.render.text import dump

# Surrogates and unassigned characters beyond the first plane cannot be written as JSON escapes that YAML reads.
_TEXT = st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"]), max_size=20)
_SCALARS = st.none() | st.booleans() | st.integers(-(10**9), 10**9) | _TEXT
_VALUES = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXT, inner, max_size=4), max_leaves=12
)


@given(st.lists(st.dictionaries(_TEXT, _VALUES, min_size=1, max_size=4), min_size=1, max_size=3))
def test_what_is_dumped_is_the_same_yaml(objects: list[dict[str, object]]) -> None:
    assert list(YAML(typ="safe", pure=True).load_all(io.StringIO(dump(objects)))) == objects
