"""The writing side on real repositories: its branch, how commits are found again, whose signature counts."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from reconciler.errors import RejectedError, SourceError
from tests.source.conftest import Repository
from tests.source.writing import Write, start

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
