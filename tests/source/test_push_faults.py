"""Many writers at once, clones that vanish, a process that is killed: what lands lands once, and nothing is half."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from hashlib import sha1
from itertools import islice
from pathlib import Path

import pytest

from reconciler.errors import RacedError
from reconciler.source.repository import GitRepository
from tests.source.writing import Write, git, hook, is_clean, is_free, refs, start

Until = Callable[[Callable[[], bool]], None]


class Crowd:
    """Threads that write through one repository, and keep what went wrong."""

    def __init__(self, writer: GitRepository) -> None:
        self._writer = writer
        self.problems: list[BaseException] = []
        self.over = threading.Event()

    def write(self, name: str, count: int) -> threading.Thread:
        """Land so many services, each however many races it takes."""
        return self._thread(lambda: [self._land(f"{name}{number}") for number in range(count)])

    def read(self) -> threading.Thread:
        """Refresh and read until it is over."""
        return self._thread(self._read)

    def _read(self) -> None:
        while not self.over.is_set():
            self._writer.read(self._writer._source.refresh())

    def _land(self, name: str) -> None:
        for _ in range(200):
            try:
                self._writer.push(start(self._writer, f"desired/{name}.yaml", message=name))
            except RacedError:
                continue
            return
        raise AssertionError("two hundred races lost")

    def _thread(self, work: Callable[[], object]) -> threading.Thread:
        def run() -> None:
            try:
                work()
            except BaseException as error:  # noqa: BLE001 - the test looks at it
                self.problems.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        return thread


def test_two_writers_while_the_source_reads_and_the_clone_is_made_anew(
    central: Path, write: Write, tmp_path: Path
) -> None:
    writer = write(central)
    writer.head()
    clone = tmp_path / "state" / "source.git"
    crowd = Crowd(writer)
    writers, reader = [crowd.write(name, 8) for name in "xy"], crowd.read()
    for _ in range(4):
        time.sleep(0.2)
        # Only this makes it a stranger's clone, so that the next look makes it anew.
        subprocess.run(["git", "config", "--file", str(clone / "config"), "reconciler.url", "another"], check=False)
    for thread in writers:
        thread.join(120)
    crowd.over.set()
    reader.join(30)
    assert crowd.problems == []
    subjects = git(central, "log", "--format=%s", "main").splitlines()
    assert sorted(subjects) == sorted(["first", *(f"{name}{number}" for name in "xy" for number in range(8))])
    assert git(central, "rev-list", "--merges", "main") == ""
    assert list(refs(central)) == ["refs/heads/main"]
    assert is_clean(central)
    assert sorted(place.name for place in clone.parent.iterdir()) == ["source.git"]


def test_a_clone_that_is_only_pushed_from_is_packed_at_times(central: Path, write: Write, tmp_path: Path) -> None:
    writer = write(central)
    clone = tmp_path / "state" / "source.git"
    made = start(writer, "desired/b.yaml")
    git(clone, "config", "gc.auto", "1")
    writer.push(made)
    # Git guesses how many objects there are from one of their folders, 17.
    texts = (str(number).encode() for number in range(10_000))
    for text in islice((text for text in texts if _id(text).startswith("17")), 3):
        writer._commands.make("hash-object", "-w", "--stdin", data=text)
    assert not list((clone / "objects").rglob("*.pack"))
    for _ in range(199):  # no commit each time: what counts is that a push was made
        writer._clone.pushed(made.sha, made.sha)
    assert len(list((clone / "objects").rglob("*.pack"))) == 1
    assert writer.head() == made
    assert is_clean(clone)


def _id(blob: bytes) -> str:
    return sha1(f"blob {len(blob)}\0".encode() + blob, usedforsecurity=False).hexdigest()


@pytest.mark.parametrize("harm", ["objects", ""])
def test_a_clone_thrown_away_between_commit_and_push(central: Path, write: Write, tmp_path: Path, harm: str) -> None:
    writer = write(central)
    made = start(writer, "desired/b.yaml")
    subprocess.run(["rm", "-r", str(tmp_path / "state" / "source.git" / harm)], check=True)
    with pytest.raises(RacedError):
        writer.push(made)
    again = start(writer, "desired/b.yaml")
    writer.push(again)
    assert refs(central) == {"refs/heads/main": again.sha}


_CHILD = """
import sys
from pathlib import Path
from reconciler.settings import ProposalSettings, SourceSettings
from reconciler.source.git import GitSource
from reconciler.source.repository import GitRepository
source = GitSource(SourceSettings(url=sys.argv[1]), Path(sys.argv[2]), None)
writer = GitRepository(source, ProposalSettings())
made = writer.commit(writer.head(), {"desired/b.yaml": "b: 1\\n"}, "Start b\\n\\nIdempotency-Key: k", "Ada")
if sys.argv[3] == "commit":
    print(made.sha, flush=True)
    sys.stdin.read()
writer.push(made)
print(made.sha, flush=True)
sys.stdin.read()
"""


def _child(central: Path, state: Path, when: str) -> subprocess.Popen[str]:
    words = [sys.executable, "-c", _CHILD, str(central), str(state), when]
    return subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _kill(child: subprocess.Popen[str]) -> None:
    child.kill()
    child.communicate()


def test_killed_between_commit_and_push_nothing_is_there_and_it_is_made_anew(
    central: Path, write: Write, tmp_path: Path
) -> None:
    child = _child(central, tmp_path / "state", "commit")
    assert child.stdout
    sha = child.stdout.readline().strip()
    _kill(child)
    assert len(sha) == 40
    writer = write(central)
    head = writer.head()
    assert head.subject == "first"
    assert writer.find(head, ["Idempotency-Key: k"]) is None
    assert not writer.contains(head, sha)
    assert list(refs(tmp_path / "state" / "source.git")) == ["refs/reconciler/head"]
    writer.push(start(writer, "desired/b.yaml"))


def test_killed_after_the_push_it_is_found_by_its_key(central: Path, write: Write, tmp_path: Path) -> None:
    child = _child(central, tmp_path / "state", "push")
    assert child.stdout
    sha = child.stdout.readline().strip()
    _kill(child)
    writer = write(central)
    found = writer.find(writer.head(), ["Idempotency-Key: k"])
    assert found is not None
    assert found.sha == sha == refs(central)["refs/heads/main"]


def test_killed_in_the_middle_of_a_push_it_lands_once(
    central: Path, write: Write, tmp_path: Path, until: Until
) -> None:
    """Git goes on without the process that started it, and the commit lands as if nothing had happened."""
    hook(central, "pre-receive", f"touch {tmp_path}/in", f"while [ ! -e {tmp_path}/go ]; do sleep 0.05; done")
    child = _child(central, tmp_path / "state", "push")
    try:
        until((tmp_path / "in").exists)
    finally:
        _kill(child)
        (tmp_path / "go").touch()
    writer = write(central)
    until(lambda: writer.find(writer.head(), ["Idempotency-Key: k"]) is not None)
    assert is_free(central)
    assert git(central, "rev-list", "--count", "main") == "2"
