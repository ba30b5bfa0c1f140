import shutil
import subprocess
import threading
import time

import pytest


class Bell:
    """Counts how often it rings."""

    def __init__(self):
        self.times = []
        self.event = threading.Event()

    def __call__(self):
        self.times.append(time.monotonic())
        self.event.set()

    def rings_within(self, seconds):
        heard = self.event.wait(seconds)
        self.event.clear()
        return heard


@pytest.fixture
def bell():
    return Bell()


@pytest.fixture
def watched(repository, follow, bell):
    """A source that watches the repository."""
    source = follow(repository.folder)
    source.watch(bell)
    return source


@pytest.mark.usefixtures("watched")
def test_a_commit_rings_at_once(repository, bell):
    delays = []
    for number in range(3):
        repository.git("commit", "--quiet", "--allow-empty", "-m", f"{number}")
        done = time.monotonic()
        assert bell.rings_within(5)
        delays.append(bell.times[-1] - done)
        time.sleep(0.15)  # the end of this burst of events
        bell.event.clear()
    assert min(delays) < 0.1


@pytest.mark.parametrize(
    "words",
    [
        ("checkout", "--quiet", "-b", "deep/er/branch"),
        ("pack-refs", "--all"),
        ("tag", "v1"),
        ("update-ref", "refs/heads/main", "HEAD~1"),
    ],
    ids=["head", "packed", "tag", "force"],
)
def test_every_way_to_move_a_ref_rings(repository, follow, bell, words):
    repository.commit("second")
    follow(repository.folder).watch(bell)
    repository.git(*words)
    assert bell.rings_within(5)


def test_a_push_to_a_bare_repository_rings(repository, follow, bell, tmp_path):
    bare = tmp_path / "bare.git"
    repository.git("clone", "--quiet", "--bare", ".", str(bare))
    follow(bare).watch(bell)
    repository.commit("second")
    assert not bell.rings_within(0.2)
    repository.git("push", "--quiet", str(bare), "main")
    assert bell.rings_within(5)


def test_a_commit_in_a_further_work_tree_rings(repository, follow, bell, tmp_path):
    side = tmp_path / "side"
    repository.git("worktree", "add", "--quiet", "-b", "side", str(side))
    follow(side).watch(bell)
    repository.git("-C", str(side), "commit", "--quiet", "--allow-empty", "-m", "second")
    assert bell.rings_within(5)


def test_edits_lock_files_and_reads_do_not_ring(repository, watched, bell):
    repository.write("desired/b.yaml", "b: 1\n")
    repository.git("add", "--all")
    (repository.folder / ".git/refs/heads/main.lock").touch()
    (repository.folder / ".git/refs/heads/main.lock").unlink()
    (repository.folder / ".git/HEAD.lock").touch()
    watched.read(watched.refresh())
    assert not bell.rings_within(0.5)


def test_a_remote_repository_is_polled(remote, follow, bell):
    follow(remote, interval="1s").watch(bell)
    assert not bell.rings_within(0.3)
    assert bell.rings_within(5)
    assert bell.rings_within(5)


def test_a_repository_that_appears_late_or_is_replaced_is_watched(repository, follow, bell, until, tmp_path):
    place = tmp_path / "late"
    follow(place, interval="1s").watch(bell)

    def rings_at_once():
        bell.event.clear()
        repository.git("-C", str(place), "commit", "--quiet", "--allow-empty", "-m", "x")
        return bell.rings_within(0.2)

    for _ in range(2):
        subprocess.run(["git", "clone", "--quiet", str(repository.folder), str(place)], check=True)
        until(lambda: all(rings_at_once() for _ in range(4)))  # more often than the poll could
        shutil.rmtree(place)


def test_close_stops_threads_and_rings(repository, follow, bell):
    before = threading.active_count()
    source = follow(repository.folder, interval="1s")
    source.watch(bell)
    source.watch(bell)
    assert threading.active_count() == before + 3
    source.close()
    source.close()
    assert threading.active_count() == before
    heard = len(bell.times)
    repository.commit("second")
    assert not bell.rings_within(1.3)
    assert len(bell.times) == heard


def test_close_without_watch(repository, follow):
    follow(repository.folder).close()
