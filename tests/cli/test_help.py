"""What a newcomer finds without a manual."""

from __future__ import annotations

import re

import pytest

from reconciler import __version__
from tests.cli.console import answer, run

VERBS = (
    *("run", "once", "plan", "start", "update", "stop", "restart", "suspend", "resume", "list"),
    *("status", "explain", "logs", "validate", "token", "rbac", "schema", "recipes", "data"),
)


def test_the_first_page_names_every_verb_and_says_what_it_is_for() -> None:
    text = answer(0, "--help")
    assert "GitOps for AI services" in text
    assert re.findall(r"^│ ([a-z]+) ", text, re.MULTILINE) == list(VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_a_page_with_words_for_all_that_it_takes(verb: str) -> None:
    text = answer(0, verb, "--help")
    assert f"Usage: reconciler {verb}" in text
    lines = [line.strip("│ ") for line in text.splitlines() if line.startswith("│ ") and "--" in line]
    assert lines
    assert [line for line in lines if not re.search(r"(  |>  )\S.*", line)] == [], "options without a word of help"


@pytest.mark.parametrize("argv", [[], ["-h"]])
def test_the_short_ways_to_help(argv: list[str]) -> None:
    done = run(*argv)
    assert "Usage: reconciler" in done.stdout + done.stderr


def test_the_version() -> None:
    assert answer(0, "--version") == f"reconciler {__version__}\n"


def test_a_verb_that_is_mistyped() -> None:
    assert re.search(r"Did you mean.* 'validate'", answer(2, "vlidate"))


def test_the_shell_completes_verbs() -> None:
    done = run(_RECONCILER_COMPLETE="complete_bash", COMP_WORDS="reconciler st", COMP_CWORD="1")
    assert done.stdout.split() == ["start", "stop", "status"]
    script = run(_RECONCILER_COMPLETE="source_bash").stdout
    assert "complete -o default -F _reconciler_completion reconciler" in script
