"""Commits made in the clone, on real repositories: what is in them, what is refused, and how they are found again."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.errors import Next, RacedError, RejectedError, SourceError
from reconciler.models.revision import Revision
from reconciler.source.commit import person
from reconciler.source.repository import GitRepository
from tests.source.conftest import Repository

Write = Callable[..., GitRepository]


def git(folder: Path, *words: str) -> str:
    """Output of a git command in a bare repository."""
    plain = {**os.environ, "GIT_CONFIG_PARAMETERS": "", "GIT_CONFIG_GLOBAL": os.devnull}
    run = subprocess.run(["git", *words], cwd=folder, env=plain, capture_output=True, text=True, check=True)
    return run.stdout.rstrip("\n")


def start(writer: GitRepository, path: str, text: str | None = "x: 1\n", message: str = "Start x") -> Revision:
    """A commit on the head that is not pushed."""
    return writer.commit(writer.head(), {path: text}, message, "Ada")


def listing(revision: Revision, clone: Path) -> dict[str, str]:
    """Path → mode of all files of a commit of the clone."""
    lines = git(clone, "ls-tree", "-r", "--full-tree", "--format=%(path) %(objectmode)", revision.sha).splitlines()
    return dict(line.rsplit(" ", 1) for line in lines)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    return tmp_path / "state" / "source.git"


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


# Who follows what


def test_the_branch_is_the_settings_or_the_repositorys_own(repository: Repository, write: Write) -> None:
    repository.git("branch", "ünïcode/größe-1.0")
    repository.git("branch", "--move", "main", "trunk")
    assert write(repository.folder).branch == "trunk"
    writer = write(repository.folder, branch="ünïcode/größe-1.0")
    assert writer.branch == "ünïcode/größe-1.0"
    assert writer.head().subject == "first"


def test_a_tag_a_commit_and_a_loose_head_cannot_be_written_to(repository: Repository, write: Write) -> None:
    sha = repository.git("rev-parse", "HEAD")
    repository.git("tag", "v1")
    for settings, words in (({"tag": "v1"}, "a tag is followed"), ({"commit": sha}, "a fixed commit is followed")):
        with pytest.raises(RejectedError, match=f"{words}, so nothing can be proposed"):
            _ = write(repository.folder, **settings).branch
    repository.git("checkout", "--quiet", "--detach")
    with pytest.raises(RejectedError, match="its HEAD is on no branch"):
        _ = write(repository.folder).branch


def test_branches_are_listed_by_what_their_names_begin_with(repository: Repository, write: Write) -> None:
    first = repository.git("rev-parse", "HEAD")
    for name in ("reconciler/a", "reconciler/b-1", "reconcilerx", "other/reconciler/a", "x/a"):
        repository.git("branch", name)
    repository.git("tag", "reconciler/tag")
    writer = write(repository.folder)
    assert writer.branches("reconciler/") == {"reconciler/a": first, "reconciler/b-1": first}
    assert writer.branches("x/a") == {"x/a": first}
    for pattern in ("[x]", "*", "?/a", "x\\/a"):
        assert writer.branches(pattern) == {}
    assert writer.branches("nothing") == {}


# What is found again


def test_the_log_goes_back_along_first_parents_as_far_as_it_is_asked(repository: Repository, write: Write) -> None:
    for number in range(120):
        repository.git("commit", "--quiet", "--allow-empty", "-m", f"c{number}")
    repository.git("checkout", "--quiet", "-b", "side", "HEAD~5")
    repository.commit("side")
    repository.git("checkout", "--quiet", "main")
    repository.git("merge", "--quiet", "--no-ff", "-m", "merge", "side")
    writer = write(repository.folder)
    head = writer.head()
    assert [one.subject for one in writer.log(head, 3)] == ["merge", "c119", "c118"]
    whole = [one.subject for one in writer.log(head, 1000)]
    assert whole == ["merge", *(f"c{number}" for number in reversed(range(120))), "first"]
    assert len(list(writer.log(head, 51))) == 51
    assert list(writer.log(head, 0)) == []


def test_commits_are_found_by_whole_lines_only(
    repository: Repository, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_COMMITTER_DATE", "2026-01-01T00:00:00Z")
    older = repository.commit("Start a\n\nKey: .*\nBy: Ada")
    monkeypatch.delenv("GIT_COMMITTER_DATE")
    repository.git("checkout", "--quiet", "-b", "side")
    merged = repository.commit("Start b\n\nKey: b\nBy: Ada")
    repository.git("checkout", "--quiet", "main")
    repository.git("merge", "--quiet", "--no-ff", "-m", "merge", "side")
    newer = repository.commit("Start c\n\nsays Key: b\nKey: bb\nBy: Eve")
    writer = write(repository.folder)
    head = writer.head()

    def found(*lines: str) -> str:
        revision = writer.find(head, lines)
        return revision.sha if revision else ""

    assert found("Key: b") == merged, "by a merged branch as well"
    assert found("Key: b", "By: Ada") == merged
    assert found("Key: b", "By: Eve") == ""
    assert found("By: Ada") == merged
    assert found("Key: .*") == older
    assert found("Key: bb", "Start c") == newer
    assert found("Key:") == ""
    assert found("--all") == ""
    assert {one.sha for one in writer.marked(head, "", "Key: ")} == {newer, merged, older}
    assert {one.sha for one in writer.marked(head, older, "Key: ")} == {newer, merged}
    assert {one.sha for one in writer.marked(head, "f" * 40, "Key: b")} == {newer, merged}
    assert list(writer.marked(head, head.sha, "Key: ")) == []


def test_whether_a_commit_is_there(repository: Repository, write: Write) -> None:
    first = repository.git("rev-parse", "HEAD")
    second = repository.commit("second")
    repository.git("checkout", "--quiet", "-b", "side", first)
    side = repository.commit("side")
    writer = write(repository.folder, branch="main")
    head = writer.head()
    assert head.sha == second
    assert writer.contains(head, first)
    assert writer.contains(head, second)
    made = writer.commit(head, {"desired/b.yaml": "b"}, "ours", "Ada")
    assert not writer.contains(head, made.sha), "it is in the clone and not in the branch"
    assert writer.contains(made, second)
    for other in (side, "f" * 40, "", "main", second[:12], f"{second}^", "--all"):
        assert not writer.contains(head, other), other


# Whose signature counts


def test_signed_commits_are_in_force_where_signatures_are_required(
    repository: Repository, central: Path, write: Write, tmp_path: Path
) -> None:
    ours, others = _key(tmp_path / "ours"), _key(tmp_path / "others")
    signers = tmp_path / "signers"
    signers.write_text(f"rec@example.org {ours}\n")
    verify = {"allowedSigners": str(signers), "required": True}
    sign = {"email": "rec@example.org", "signingKey": str(tmp_path / "ours")}
    with pytest.raises(RejectedError, match=r"proposals\.signingKey is not, so commits of this daemon would never be"):
        _ = write(central, verify=verify).branch
    writer = write(central, verify=verify, proposals=sign)
    with pytest.raises(RejectedError, match=r"the head, is not trusted: it is not signed .*nothing is proposed before"):
        start(writer, "desired/b.yaml")
    _sign(repository, central, tmp_path / "ours")
    made = start(writer, "desired/b.yaml")
    writer.push(made)
    source = writer._source
    assert source.refresh() == made
    assert source.trust.verified is True
    assert source.trust.refused == ""
    stranger = write(central, verify=verify, proposals={**sign, "signingKey": str(tmp_path / "others")})
    with pytest.raises(RejectedError, match=r"the key of proposals\.signingKey is not trusted by source\.verify"):
        start(stranger, "desired/c.yaml")
    signers.write_text(f"rec@example.org {ours}\nrec@example.org {others}\n")
    start(stranger, "desired/c.yaml")


def test_a_branch_for_a_pull_request_needs_no_signature(
    repository: Repository, central: Path, write: Write, tmp_path: Path
) -> None:
    """Who merges it signs; only what goes to the followed branch itself would never be in force."""
    (tmp_path / "signers").write_text(f"rec@example.org {_key(tmp_path / 'ada')}\n")
    verify = {"allowedSigners": str(tmp_path / "signers"), "required": True}
    writer = write(central, verify=verify, proposals={"mode": "branch"})
    made = start(writer, "desired/b.yaml")
    writer.push(made, "reconciler/b")
    with pytest.raises(RejectedError, match=r"proposals\.signingKey is not"):
        writer.push(made)
    repository.git("fetch", "--quiet", str(central), "reconciler/b")
    options = ("-c", "gpg.format=ssh", "-c", f"user.signingKey={tmp_path / 'ada'}")
    repository.git(*options, "merge", "--quiet", "--no-ff", "--gpg-sign", "-m", "merge", "FETCH_HEAD")
    repository.git("push", "--quiet", str(central), "main")
    assert writer._source.refresh().subject == "merge"


@pytest.mark.parametrize("kind", ["missing", "no key", "locked"])
def test_a_key_that_does_not_sign_is_named(central: Path, write: Write, tmp_path: Path, kind: str) -> None:
    key = tmp_path / "key"
    if kind == "locked":
        words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "secret", "-f", str(key)]
        subprocess.run(words, check=True)
    if kind == "no key":
        key.write_text("no key\n")
        key.chmod(0o600)
    began = time.monotonic()
    with pytest.raises(SourceError, match=rf"proposals\.signingKey: {key}"):
        start(write(central, proposals={"signingKey": str(key)}), "desired/b.yaml")
    assert time.monotonic() - began < 15, "nobody is asked for a password"


def _key(file: Path) -> str:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(file)], check=True)
    return file.with_suffix(".pub").read_text().strip()


def _sign(repository: Repository, central: Path, key: Path) -> None:
    options = ("-c", "gpg.format=ssh", "-c", f"user.signingKey={key}")
    repository.git(*options, "commit", "--quiet", "--amend", "--no-edit", "--gpg-sign")
    repository.git("push", "--quiet", "--force", str(central), "main")


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
