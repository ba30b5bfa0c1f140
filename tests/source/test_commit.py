"""Commits made in the clone, on real repositories: what is in them, what is refused, and what may befall the clone."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

from reconciler.errors import Next, RacedError, RejectedError, SourceError
from reconciler.source.commit import person
from tests.source.conftest import Repository
from tests.source.writing import Write, git, listing, start

# What a commit is


def test_a_commit_has_one_file_more_its_author_and_the_daemon_as_committer(
    central: Path, write: Write, clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Eve")
    monkeypatch.setenv("GIT_AUTHOR_DATE", "2001-01-01T00:00:00Z")
    monkeypatch.setenv("GIT_CONFIG_PARAMETERS", "'i18n.commitEncoding'='latin1' 'user.name'='Eve'")
    writer = write(central, proposals={"committer": "Rec <x>", "email": "rec@example.org"})
    head = writer.head()
    message = "Start llama: vllm\n\nRequested-By: Zoë\n"
    made = writer.commit(head, {"desired/team/llama.yaml": "name: Zoë\r\nno end"}, message, "Zoë <root@x>\nEve")
    shown = git(clone, "log", "-1", "--format=%P|%an|%ae|%cn|%ce|%B", made.sha)
    assert shown == f"{head.sha}|Zoë root@x Eve|rec@example.org|Rec x|rec@example.org|{message.rstrip()}"
    assert abs(made.time.timestamp() - time.time()) < 60
    assert (made.author, made.message) == ("Zoë root@x Eve", message.rstrip("\n"))
    assert git(clone, "diff", "--name-status", head.sha, made.sha) == "A\tdesired/team/llama.yaml"
    text = writer.read(made).files["desired/team/llama.yaml"].text
    assert text == "name: Zoë\r\nno end", "what is written is what is read, to the byte"
    assert next(writer.log(made, 1)) == made


def test_nobody_sees_a_commit_before_it_is_pushed(central: Path, write: Write, clone: Path) -> None:
    writer = write(central)
    before = git(central, "for-each-ref")
    made = start(writer, "desired/b.yaml")
    assert writer.head().sha != made.sha
    assert git(clone, "for-each-ref", "--format=%(refname)") == "refs/reconciler/head"
    assert git(central, "for-each-ref") == before
    with pytest.raises(subprocess.CalledProcessError):
        git(central, "cat-file", "-e", made.sha)


def test_files_keep_their_modes_and_others_stay_as_they_are(
    repository: Repository, central: Path, write: Write, clone: Path
) -> None:
    repository.write("desired/tool.yaml", "a: 1\n")
    (repository.folder / "desired/tool.yaml").chmod(0o755)
    (repository.folder / "link").symlink_to("desired")
    repository.write("odd \t name \n.txt", b"\xff")
    repository.commit("odd things", {"z/one.yaml": "1\n", "z-/two.yaml": "2\n"})
    _add_module(repository)
    writer = write(central)
    head = writer.head()
    files = {"desired/tool.yaml": "a: 2\n", "desired/a.yaml": None, "z/deep/er/new.yml": "1\n"}
    made = writer.commit(head, files, "many", "Ada")
    after, before = listing(made, clone), listing(head, clone)
    expected = {**before, "z/deep/er/new.yml": "100644"}
    del expected["desired/a.yaml"]
    assert after == expected
    assert after["desired/tool.yaml"] == "100755"
    assert after["module"] == "160000"
    subprocess.run(["git", "fsck", "--strict", "--no-dangling", made.sha], cwd=clone, check=True, capture_output=True)


def test_a_folder_goes_with_its_last_file_and_the_tree_may_become_empty(
    central: Path, write: Write, clone: Path
) -> None:
    writer = write(central)
    made = start(writer, "desired/a.yaml", None)
    assert listing(made, clone) == {}
    assert dict(writer.read(made).files) == {}
    again = writer.commit(made, {"desired/b.yaml": "b: 1\n"}, "again", "Ada")
    assert set(writer.read(again).files) == {"desired/b.yaml"}


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("../a.yaml", "not a plain path"),
        ("desired/../a.yaml", "not a plain path"),
        ("/desired/a.yaml", "not a plain path"),
        ("desired//a.yaml", "not a plain path"),
        ("./a.yaml", "not a plain path"),
        ("desired/a.yaml/", "not a plain path"),
        (".git/a.yaml", "Git's own"),
        ("x/.GIT/a.yaml", "Git's own"),
        ("x/git~1/a.yaml", "Git's own"),
        ("x/.git /a.yaml", "Git's own"),
        ("desired/a.txt", "does not end with"),
        (".gitmodules", "does not end with"),
        ("desired/a\n.yaml", "cannot be printed"),
        ("desired/\u202ea.yaml", "cannot be printed"),
        ("desired/\ud800.yaml", "cannot be printed"),
        ("desired\\a.yaml", "a backslash"),
        ("desired/" + "ö" * 130 + ".yaml", "too long"),
        ("d/" * 520 + "a.yaml", "too long"),
    ],
)
def test_paths_outside_the_tree_or_of_other_kinds_are_refused(
    central: Path, write: Write, path: str, words: str
) -> None:
    with pytest.raises(RejectedError, match=words) as caught:
        start(write(central), path)
    assert caught.value.next is Next.STOP


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("link/a.yaml", "link is a symbolic link in the repository, not a folder"),
        ("link.yaml", "link.yaml is a symbolic link in the repository, not a plain file"),
        ("module/a.yaml", "module is a submodule in the repository, not a folder"),
        ("desired/a.yaml/b.yaml", "desired/a.yaml is a file in the repository, not a folder"),
        ("folder.yaml", "folder.yaml is a folder in the repository, not a plain file"),
    ],
)
def test_what_is_in_the_way_is_named_and_stays(
    repository: Repository, central: Path, write: Write, path: str, words: str
) -> None:
    (repository.folder / "link").symlink_to("/etc")
    (repository.folder / "link.yaml").symlink_to("/etc/passwd")
    repository.commit("things", {"folder.yaml/a.yaml": "a: 1\n"})
    _add_module(repository)
    with pytest.raises(RejectedError, match=words):
        start(write(central), path)


def _add_module(repository: Repository) -> None:
    repository.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},module")
    repository.git("commit", "--quiet", "-m", "a submodule")
    repository.git("push", "--quiet", str(repository.folder.parent / "central.git"), "main")


def test_what_is_not_there_cannot_be_removed_and_a_file_is_no_folder(central: Path, write: Write) -> None:
    writer = write(central)
    with pytest.raises(RejectedError, match=r"desired/b\.yaml is not in the repository, and cannot be removed"):
        start(writer, "desired/b.yaml", None)
    with pytest.raises(RejectedError, match=r"desired/c\.yaml cannot be a file and a folder"):
        writer.commit(writer.head(), {"desired/c.yaml": "c", "desired/c.yaml/d.yaml": "d"}, "both", "Ada")


def test_a_text_that_is_no_text_is_no_commit(central: Path, write: Write) -> None:
    with pytest.raises(SourceError, match="cannot be written as UTF-8"):
        start(write(central), "desired/b.yaml", "a: \ud800\n")


def test_a_message_is_written_as_it_is(central: Path, write: Write, clone: Path) -> None:
    made = start(write(central), "desired/b.yaml", message="Start\0x \ud800\n\n# no comment\n\n\nEnd: 1\n\n\n")
    assert (
        git(clone, "cat-file", "commit", made.sha).partition("\n\n")[2] == "Start\ufffdx ?\n\n# no comment\n\n\nEnd: 1"
    )


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("Ada Lovelace", "Ada Lovelace"),
        ("a\r\nb\x1b[31m", "a b [31m"),
        ("<>", "somebody"),
        ("...", "somebody"),
        ("", "somebody"),
        ("\ud800", "somebody"),
        ("名前 é", "名前 é"),
        ("x" * 300, "x" * 200),
    ],
)
def test_names_of_authors(given: str, name: str) -> None:
    assert person(given, "a@b", "somebody").name == name


# What may happen to the clone


def test_a_clone_that_breaks_before_a_commit_mends_itself(central: Path, write: Write, clone: Path) -> None:
    writer = write(central)
    head = writer.head()
    subprocess.run(["rm", "-r", str(clone / "objects")], check=True)
    made = writer.commit(head, {"desired/b.yaml": "b: 1\n"}, "Start b", "Ada")
    writer.push(made)
    assert git(central, "rev-parse", "main") == made.sha


def test_a_parent_that_was_forced_away_is_a_lost_race(
    repository: Repository, central: Path, write: Write, clone: Path
) -> None:
    writer = write(central)
    head = writer.head()
    repository.git("commit", "--quiet", "--amend", "-m", "another first")
    repository.git("push", "--quiet", "--force", str(central), "main")
    subprocess.run(["rm", "-r", str(clone)], check=True)
    git(central, "reflog", "expire", "--expire=now", "--all")
    git(central, "gc", "--quiet", "--prune=now")
    with pytest.raises(RacedError, match=f"commit {head.short} is not there any more"):
        writer.commit(head, {"desired/b.yaml": "b: 1\n"}, "Start b", "Ada")


def test_a_commit_in_a_repository_of_three_thousand_files_takes_no_time(
    repository: Repository, central: Path, write: Write
) -> None:
    repository.commit("many", {f"recipes/s{number}.yaml": f"n: {number}\n" for number in range(3000)})
    repository.git("push", "--quiet", str(central), "main")
    writer = write(central)
    head = writer.head()
    began = time.monotonic()
    made = writer.commit(head, {"recipes/s17.yaml": "n: 0\n"}, "Update s17", "Ada")
    writer.push(made)
    assert time.monotonic() - began < 3, "in peace it is 0.06 s"
    assert git(central, "diff", "--name-only", "main~1", "main") == "recipes/s17.yaml"


def test_git_hooks_of_the_user_have_no_say(
    central: Path, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for name in ("pre-push", "pre-commit", "commit-msg", "reference-transaction", "post-commit"):
        (hooks / name).write_text(f"#!/bin/sh\necho $0 >>{tmp_path}/ran\nexit 1\n")
        (hooks / name).chmod(0o755)
    (tmp_path / "gitconfig").write_text(f"[core]\n\thooksPath = {hooks}\n[commit]\n\tgpgSign = true\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    writer = write(central)
    made = start(writer, "desired/b.yaml")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)  # the repository's own side has them as well
    writer.push(made)
    assert not (tmp_path / "ran").exists()
