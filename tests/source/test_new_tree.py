"""Trees of ours against those that Git itself makes of the same files, for any files and changes."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.source.commands import Commands
from reconciler.source.new_tree import write_tree
from tests.source.conftest import Repository

#: Names around the place at which Git sorts a folder (`a/`) among files.
_NAMES = st.sampled_from(["a", "a-", "a.yaml", "a0", "b", "B", "é", "a b", '"', "z.yml"])
_FILES = st.dictionaries(st.lists(_NAMES, min_size=1, max_size=3).map("/".join), st.integers(0, 3), max_size=8)


def fitting(files: Mapping[str, int]) -> dict[str, int]:
    """The files without those that are in a folder that is a file."""
    taken = dict(sorted(files.items()))
    return {path: text for path, text in taken.items() if not any(path.startswith(f"{other}/") for other in taken)}


@pytest.fixture
def blobs(repository: Repository) -> dict[int, str]:
    return {number: repository.blob(f"{number}\n") for number in range(4)}


def _tree(repository: Repository, files: Mapping[str, int], blobs: Mapping[int, str]) -> str:
    """What Git makes of them, by its index."""
    repository.git("read-tree", "--empty")
    lines = "".join(f"100644 {blobs[text]}\t{path}\0" for path, text in files.items())
    repository.git("update-index", "-z", "--index-info", text=lines)
    return repository.git("write-tree")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=_FILES, after=_FILES)
def test_a_changed_tree_is_the_one_that_git_makes(
    repository: Repository, blobs: dict[int, str], before: dict[str, int], after: dict[str, int]
) -> None:
    after = fitting(after)
    # A change never turns a folder into a file, or a file into a folder: that is refused (test_repository.py).
    both = {**fitting(before), **after}
    before = {path: text for path, text in fitting(before).items() if fitting(both) == both}
    commit = repository.git("commit-tree", _tree(repository, before, blobs), text="m")
    changes = {path: None for path in before if path not in after} | {path: blobs[text] for path, text in after.items()}
    commands = Commands(Path(repository.folder) / ".git")
    with commands.objects() as objects:
        paths = {tuple(part.encode() for part in path.split("/")): blob for path, blob in changes.items()}
        made = write_tree(commands, objects, commit, paths)
    assert made == _tree(repository, after, blobs)
    subprocess.run(["git", "fsck", "--strict", made], cwd=repository.folder, check=True, capture_output=True)
