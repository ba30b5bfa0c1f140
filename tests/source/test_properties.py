"""History against a plain model: a list of what the folder held after each commit."""

import itertools
import subprocess
import tempfile
from datetime import timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.settings import SourceSettings
from reconciler.source.git import GitSource

_PATHS = ("desired/a.yaml", "desired/team/b.yml")
_TREES = st.lists(
    st.dictionaries(st.sampled_from(_PATHS), st.sampled_from(["x: 1\n", "x: 2\n", "x: é\n"])), min_size=1, max_size=45
)


def _script(trees):
    """The commits as git-fast-import(1) reads them."""
    lines = []
    for number, files in enumerate(trees):
        lines += ["commit refs/heads/main", f"committer Ada <ada@example.org> {number} +0000", "data 0", "deleteall"]
        for path, text in files.items():
            lines += [f"M 100644 inline {path}", f"data {len(text.encode())}", text]
    return "\n".join(lines) + "\n"


def _changes(trees):
    """What each commit changed, newest first, without those that changed nothing."""
    pairs = reversed(list(itertools.pairwise([{}, *trees])))
    changes = ({path: (old.get(path), new.get(path)) for path in _PATHS} for old, new in pairs)
    differ = ({path: pair for path, pair in change.items() if pair[0] != pair[1]} for change in changes)
    return [change for change in differ if change]


def _versions(trees, path):
    """Texts that the file had before, newest first, each once."""
    texts = [files[path] for files in reversed(trees) if path in files]
    now = trees[-1].get(path)
    return [text for text in dict.fromkeys(texts) if text != now]


@settings(max_examples=25, deadline=timedelta(seconds=20))
@given(_TREES)
def test_history_and_versions_are_those_of_the_model(trees):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        subprocess.run(["git", "init", "--quiet", "--bare", "-b", "main", str(folder / "team")], check=True)
        words = ["git", f"--git-dir={folder}/team", "fast-import", "--quiet"]
        subprocess.run(words, input=_script(trees).encode(), check=True)
        source = GitSource(SourceSettings(url=str(folder / "team")), folder / "state", None)
        head = source.refresh()
        assert {path: file.text for path, file in source.read(head).files.items()} == trees[-1]
        history = [
            {path: tuple(side and side.text for side in pair) for path, pair in change.files.items()}
            for change in source.history(head)
        ]
        assert history == _changes(trees)
        for path in _PATHS:
            assert [file.text for _, file in source.earlier(head, path)] == _versions(trees, path)
        source.close()
