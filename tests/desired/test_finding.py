"""What is said of a word that nobody knows."""

from __future__ import annotations

import time

import pytest

from reconciler.desired.finding import did_you_mean, near

NAMES = [f"service-{number}" for number in range(20_000)]


@pytest.mark.parametrize(
    ("word", "known", "words"),
    [
        ("recip", ["recipe", "target"], "did you mean `recipe`?"),
        ("RECIPE", ["recipe"], "did you mean `recipe`?"),
        ("zzz", ["recipe", "target"], "known: recipe, target"),
        ("zzz", [], "none is known"),
        ("zzz", NAMES[:32], "known: service-0, service-1, service-10, "),
    ],
)
def test_the_nearest_word_or_all_of_them(word: str, known: list[str], words: str) -> None:
    assert did_you_mean(word, known).startswith(words)
    assert near(word, known) == (f"; {words}" if words.startswith("did") else "")


def test_of_very_many_only_some_are_looked_at_and_listed() -> None:
    began = time.monotonic()
    assert did_you_mean("zzz", NAMES).endswith(" and 19,970 more")
    assert len(did_you_mean("zzz", NAMES)) < 600
    assert near("service-00", NAMES) == "; did you mean `service-100`?"
    assert time.monotonic() - began < 10
