"""Files before and after, as people would have edited them. A case: the request, the file before, the file after."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reconciler.models.proposal import Start
from tests.desired.edit.world import apply, request

CASES = sorted(Path(__file__).parent.glob("cases/*.txt"))
_OPEN = "=== without a line break\n"


def read(case: Path) -> tuple[str, str | None, str | None]:
    """What is asked, and both texts; a missing one is None."""
    head, mark, after = case.read_text("utf-8").partition("=== after\n")
    asked, begun, before = head.partition("=== before\n")
    if _OPEN in before:
        before = before.removesuffix(_OPEN).removesuffix("\n")
    return asked, before if begun else None, after if mark else None


@pytest.mark.parametrize("ending", ["\n", "\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize("case", CASES, ids=[case.stem for case in CASES])
def test_a_file_before_and_after(case: Path, ending: str) -> None:
    asked, before, after = read(case)
    arguments = json.loads(asked)
    done = apply(before and before.replace("\n", ending), request(arguments.pop("verb"), **arguments))
    new = isinstance(request(**json.loads(asked)), Start)
    assert done.after == (after if after is None or new else after.replace("\n", ending))


def test_there_are_cases() -> None:
    assert len(CASES) > 20
