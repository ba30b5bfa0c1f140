"""The house stays small, and its pages say what is true."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler import __version__

ROOT = Path(__file__).parents[1]
CODE = sorted(file for part in ("reconciler", "lab", "docs", "dashboards") for file in (ROOT / part).rglob("*.py"))
PROGRAMS = sorted((ROOT / "reconciler").rglob("*.sh"))
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def too_long(file: Path) -> Iterator[str]:
    text = file.read_text("utf-8")
    if len(text.splitlines()) > 300:
        yield f"{file.relative_to(ROOT)}: {len(text.splitlines())} lines"
    for node in ast.walk(ast.parse(text)) if file.suffix == ".py" else ():
        if isinstance(node, ast.FunctionDef) and node.end_lineno and node.end_lineno - node.lineno >= 50:
            yield f"{file.relative_to(ROOT)}:{node.lineno}: {node.name}"


def test_no_file_is_longer_than_300_lines_and_no_function_longer_than_50() -> None:
    assert CODE
    assert PROGRAMS
    assert [words for file in [*CODE, *PROGRAMS] for words in too_long(file)] == []


def test_the_references_are_those_of_the_models() -> None:
    argv = [sys.executable, "-m", "docs.generate", "--check"]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_files_that_are_there(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", page.read_text("utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_readme_has_exactly_two_set_up_commands() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    block = text.partition("## Set up")[2].partition("```sh\n")[2].partition("```")[0]
    assert [line.split("#")[0].strip() for line in block.splitlines()] == ["make run", "make test"]


def test_the_changelog_knows_the_version_or_what_comes_after_it() -> None:
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert "## [Unreleased]" in text or f"## [{__version__}]" in text
