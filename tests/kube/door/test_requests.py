from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.kube.door.requests import is_listing, retry_after

_NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("", 0.0),
        ("2", 2.0),
        ("100000000000", 60.0),
        ("Thu, 01 Jan 2026 12:00:07 GMT", 7.0),
        ("Thu, 01 Jan 2026 11:59:00 GMT", 0.0),
        ("Fri, 02 Jan 2026 12:00:00 GMT", 60.0),
        ("soon", 0.0),
        ("-5", 0.0),
    ],
)
def test_the_time_that_a_server_asks_for_is_read_from_a_number_or_a_date(text: str, seconds: float) -> None:
    assert retry_after(text, _NOW) == seconds


@given(st.text(max_size=40))
def test_any_text_is_read(text: str) -> None:
    assert 0.0 <= retry_after(text, _NOW) <= 60.0


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ({"items": [], "metadata": {}}, True),
        ({"items": None, "metadata": {}}, True),
        ({"metadata": {}}, True),
        ({"items": {}, "metadata": {}}, False),
        ({"error": "sign in"}, False),
    ],
)
def test_json_that_is_no_list_is_told_apart(page: dict[str, object], expected: bool) -> None:
    assert is_listing(page) is expected
