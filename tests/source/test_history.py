from datetime import UTC, datetime
from itertools import islice

import pytest

from reconciler.errors import SourceError


@pytest.fixture
def source(repository, follow):
    return follow(repository.folder)


def subjects(changes):
    return [change.revision.subject for change in changes]


def test_a_revision_is_the_commit(repository, source):
    sha = repository.commit("subject\n\nbody\n\nReconciler-Allow-Removals: all")
    revision = source.refresh()
    assert (revision.sha, revision.author) == (sha, "Ada")
    assert revision.message == "subject\n\nbody\n\nReconciler-Allow-Removals: all"
    assert revision.time == datetime.fromtimestamp(int(repository.git("log", "-1", "--format=%ct")), UTC)


def test_control_characters_in_a_message_are_replaced(repository, source):
    repository.commit("red \x1b[31m\n\nbody\ttab")
    assert source.refresh().message == "red �[31m\n\nbody\ttab"


@pytest.mark.parametrize("seconds", ["0", "99999999999999"])
def test_times_no_calendar_holds_are_bounded(repository, source, seconds):
    tree = repository.git("rev-parse", "HEAD^{tree}")
    raw = f"tree {tree}\nauthor A <a> {seconds} +0000\ncommitter A <a> {seconds} +0000\n\nodd\n"
    sha = repository.git("hash-object", "-t", "commit", "-w", "--stdin", "--literally", text=raw)
    repository.git("update-ref", "refs/heads/main", sha)
    assert source.refresh().time.year in (1970, 9999)


def test_changes_come_newest_first_with_both_sides(repository, source):
    repository.commit("outside", {"README.md": "x"})
    repository.commit("change", {"desired/a.yaml": "a: 2\n", "desired/b.yaml": "b: 1\n"})
    repository.commit("not yaml", {"desired/notes.txt": "x"})
    repository.commit("remove", {"desired/a.yaml": None})
    changes = list(source.history(source.refresh()))
    assert subjects(changes) == ["remove", "change", "first"]
    texts = [
        {path: tuple(side and side.text for side in pair) for path, pair in change.files.items()} for change in changes
    ]
    assert texts == [
        {"desired/a.yaml": ("a: 2\n", None)},
        {"desired/a.yaml": ("a: 1\n", "a: 2\n"), "desired/b.yaml": (None, "b: 1\n")},
        {"desired/a.yaml": (None, "a: 1\n")},
    ]


def test_a_rename_is_a_removal_and_an_addition(repository, source):
    repository.git("mv", "desired/a.yaml", "desired/b.yaml")
    repository.commit("rename")
    change = next(source.history(source.refresh()))
    before, after = change.files["desired/a.yaml"], change.files["desired/b.yaml"]
    assert (before[0].text, before[1], after[0], after[1].text) == ("a: 1\n", None, None, "a: 1\n")


def test_a_change_of_mode_only_is_no_change(repository, source):
    (repository.folder / "desired/a.yaml").chmod(0o755)
    repository.commit("mode")
    assert subjects(source.history(source.refresh())) == ["first"]


def test_a_file_that_becomes_a_link_is_refused_afterwards(repository, source):
    (repository.folder / "desired/a.yaml").unlink()
    (repository.folder / "desired/a.yaml").symlink_to("/etc/passwd")
    repository.commit("link")
    before, after = next(source.history(source.refresh())).files["desired/a.yaml"]
    assert before.text == "a: 1\n"
    assert (after.text, after.refused) == (None, "it is a symbolic link; only plain files are read")


def test_a_merge_counts_as_one_change_and_its_branch_as_none(repository, source):
    repository.git("checkout", "--quiet", "-b", "feature")
    repository.commit("draft", {"desired/a.yaml": "a: draft\n"})
    repository.commit("ready", {"desired/a.yaml": "a: ready\n"})
    repository.git("checkout", "--quiet", "main")
    repository.commit("meanwhile", {"desired/b.yaml": "b: 1\n"})
    repository.git("merge", "--quiet", "--no-ff", "-m", "merge", "feature")
    revision = source.refresh()
    changes = list(source.history(revision))
    assert subjects(changes) == ["merge", "meanwhile", "first"]
    assert [side.text for side in changes[0].files["desired/a.yaml"]] == ["a: 1\n", "a: ready\n"]
    assert [file.text for _, file in source.earlier(revision, "desired/a.yaml")] == ["a: 1\n"]


def test_earlier_versions_come_newest_first_with_the_commit_that_brought_them(repository, source):
    for number in (2, 3, 4):
        repository.commit(f"to {number}", {"desired/a.yaml": f"a: {number}\n"})
        repository.commit(f"other {number}", {"desired/b.yaml": f"b: {number}\n"})
    versions = [(revision.subject, file.text) for revision, file in source.earlier(source.refresh(), "desired/a.yaml")]
    assert versions == [("to 3", "a: 3\n"), ("to 2", "a: 2\n"), ("first", "a: 1\n")]


def test_a_version_that_comes_back_is_not_earlier_than_itself(repository, source):
    repository.commit("2", {"desired/a.yaml": "a: 2\n"})
    repository.commit("revert", {"desired/a.yaml": "a: 1\n"})
    assert [file.text for _, file in source.earlier(source.refresh(), "desired/a.yaml")] == ["a: 2\n"]


def test_a_deleted_file_has_all_its_versions(repository, source):
    repository.commit("2", {"desired/a.yaml": "a: 2\n"})
    repository.commit("gone", {"desired/a.yaml": None})
    assert [file.text for _, file in source.earlier(source.refresh(), "desired/a.yaml")] == ["a: 2\n", "a: 1\n"]


@pytest.mark.parametrize("path", ["desired/none.yaml", "desired/*.yaml", ":(glob)**", "--all", "desired"])
def test_a_path_is_never_a_pattern_or_an_option(source, path):
    assert list(source.earlier(source.refresh(), path)) == []


def test_a_long_history_is_read_page_by_page_and_bounded(repository, source):
    stream = ["reset refs/heads/main\nfrom refs/heads/main^0\n"]
    for number in range(2_050):
        text = f"a: {number + 2}\n"
        stream.append(
            f"commit refs/heads/main\ncommitter Ada <ada@example.org> {1_700_000_000 + number} +0000\n"
            f"data <<E\nchange {number + 2}\nE\nM 100644 inline desired/a.yaml\ndata {len(text)}\n{text}\n"
        )
    repository.git("fast-import", "--quiet", text="".join(stream))
    revision = source.refresh()
    assert subjects(islice(source.history(revision), 3)) == ["change 2051", "change 2050", "change 2049"]
    changes = subjects(source.history(revision))
    assert len(changes) == 2_000
    assert changes[-1] == "change 52"
    versions = [file.text for _, file in source.earlier(revision, "desired/a.yaml")]
    assert len(versions) == 200
    assert versions[0] == "a: 2050\n"


def test_a_revision_that_is_nowhere_is_an_error(repository, source, follow):
    revision = source.refresh()
    repository.git("checkout", "--quiet", "--orphan", "new")
    repository.commit("new", {"desired/a.yaml": "a: 9\n"})
    repository.git("branch", "--quiet", "--delete", "--force", "main")
    repository.git("reflog", "expire", "--expire=all", "--all")
    repository.git("gc", "--quiet", "--prune=now")
    other = follow(f"file://{repository.folder}", branch="new")
    assert other.refresh().subject == "new"
    assert [file.text for file in other.read(revision).files.values()] == ["a: 1\n"], "the clone still has it"
    with pytest.raises(SourceError, match="the clone cannot be read"):
        other.read(type(revision)("f" * 40, "", "", revision.time))
