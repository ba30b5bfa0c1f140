"""Signed commits, with real keys: who may sign, and what is in force while the head is not trusted."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.errors import SettingsError, SourceError
from reconciler.source.git import GitSource
from tests.source.conftest import Repository

Follow = Callable[..., GitSource]


class Team:
    """A repository whose commits are signed, and the operator's file of those who may."""

    def __init__(self, repository: Repository, folder: Path) -> None:
        self.repository = repository
        self.folder = folder
        self.signers = folder / "allowed_signers"
        self.revoked = folder / "revoked"
        self.ada = self.key("ada")
        self.eve = self.key("eve")
        self.allow(f"ada@example.org {self.ada}")
        self.revoked.write_text("")
        repository.git("config", "gpg.format", "ssh")

    def key(self, name: str) -> str:
        file = self.folder / name
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(file)], check=True)
        return file.with_suffix(".pub").read_text().strip()

    def allow(self, *lines: str) -> None:
        self.signers.write_text("".join(f"{line}\n" for line in lines))

    def commit(self, message: str, signer: str | None = "ada") -> str:
        self.repository.write("desired/a.yaml", f"a: {message}\n")
        self.repository.git("add", "--all")
        words = [] if signer is None else ["-c", f"user.signingkey={self.folder / signer}"]
        sign = "--no-gpg-sign" if signer is None else "--gpg-sign"
        self.repository.git(*words, "commit", "--quiet", sign, "-m", message)
        return self.repository.git("rev-parse", "HEAD")

    def verify(self, *, required: bool = True) -> dict[str, object]:
        return {"allowedSigners": str(self.signers), "revokedKeys": str(self.revoked), "required": required}


@pytest.fixture
def team(repository: Repository, tmp_path: Path) -> Team:
    folder = tmp_path / "keys"
    folder.mkdir()
    return Team(repository, folder)


def test_a_signed_head_is_in_force_and_an_unsigned_one_is_only_told_where_it_is_allowed(
    team: Team, follow: Follow
) -> None:
    source = follow(team.repository.folder, verify=team.verify(required=False))
    assert source.refresh().message == "first"
    assert (source.trust.verified, source.trust.refused) == (False, "")
    sha = team.commit("signed")
    assert source.refresh().sha == sha
    assert source.trust.verified is True
    assert follow(team.repository.folder).trust.verified is None


def test_an_untrusted_head_leaves_the_last_trusted_one_in_force_and_says_what_to_do(team: Team, follow: Follow) -> None:
    good = team.commit("good")
    source = follow(team.repository.folder, verify=team.verify())
    assert source.refresh().sha == good
    bad = team.commit("bad", None)
    assert source.refresh().sha == good
    assert source.trust.verified is False
    assert source.trust.refused == (
        f"commit {bad[:12]} is not trusted: it is not signed with an SSH key; "
        "sign it anew (git commit --amend -S), or add its signer to source.verify.allowedSigners"
    )
    team.commit("worse", "eve")
    assert source.refresh().sha == good
    assert "its signature is not trusted: signed with ED25519 key SHA256:" in source.trust.refused
    last = team.commit("well again")
    assert source.refresh().sha == last
    assert (source.trust.verified, source.trust.refused) == (True, "")


def test_a_new_daemon_finds_the_same_revision_below_the_untrusted_head(team: Team, follow: Follow) -> None:
    good = team.commit("good")
    team.commit("bad", None)
    team.commit("worse", "eve")
    assert follow(team.repository.folder, verify=team.verify()).refresh().sha == good


def test_a_force_push_to_what_is_not_trusted_goes_back_no_further(team: Team, follow: Follow) -> None:
    old = team.commit("old")
    good = team.commit("good")
    assert follow(team.repository.folder, verify=team.verify()).refresh().sha == good
    team.repository.git("reset", "--quiet", "--hard", old)
    team.commit("bad", None)
    assert follow(team.repository.folder, verify=team.verify()).refresh().sha == good, "another daemon, the same clone"
    team.repository.git("reset", "--quiet", "--hard", old)
    assert follow(team.repository.folder, verify=team.verify()).refresh().sha == old, "a trusted head is followed"


def test_where_nothing_is_trusted_nothing_is_in_force(team: Team, follow: Follow) -> None:
    source = follow(team.repository.folder, verify=team.verify())
    with pytest.raises(SourceError, match=r"^commit [0-9a-f]{12} is not trusted: .*; nor is any of the 50 commits"):
        source.refresh()
    team.commit("signed")
    assert source.refresh().message == "signed"


def _expired(team: Team) -> None:
    team.allow(f'ada@example.org valid-before="20200101" {team.ada}')


def _not_yet(team: Team) -> None:
    team.allow(f'ada@example.org valid-after="20990101" {team.ada}')


def _other_purpose(team: Team) -> None:
    team.allow(f'ada@example.org namespaces="file" {team.ada}')


def _nobody(team: Team) -> None:
    team.allow()


def _gone(team: Team) -> None:
    team.signers.unlink()


def _revoked(team: Team) -> None:
    team.revoked.write_text(team.ada + "\n")


@pytest.mark.parametrize("change", [_expired, _not_yet, _other_purpose, _nobody, _gone, _revoked])
def test_a_change_of_who_is_trusted_is_heard_without_a_restart(
    team: Team, follow: Follow, change: Callable[[Team], None]
) -> None:
    team.commit("good")
    source = follow(team.repository.folder, verify=team.verify(required=False))
    source.refresh()
    assert source.trust.verified is True
    change(team)
    source.refresh()
    assert source.trust.verified is False


def test_a_commit_that_was_changed_after_it_was_signed(team: Team, follow: Follow) -> None:
    sha = team.commit("good")
    commit = team.repository.git("cat-file", "commit", sha)
    forged = commit.replace("\n\ngood", "\n\nevil")
    assert forged != commit
    new = team.repository.git("hash-object", "-t", "commit", "-w", "--stdin", text=forged + "\n")
    team.repository.git("update-ref", "refs/heads/main", new)
    source = follow(team.repository.folder, verify=team.verify(required=False))
    assert source.refresh().sha == new
    assert source.trust.verified is False
    with pytest.raises(SourceError, match=r"its signature is not trusted: .*incorrect signature"):
        follow(team.repository.folder, verify=team.verify()).refresh()


def test_another_kind_of_signature_and_configuration_of_the_account_do_not_count(
    team: Team, follow: Follow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program of the account that calls everything good would be asked, if its configuration were read."""
    yes = tmp_path / "yes"
    yes.write_text("#!/bin/sh\necho '[GNUPG:] GOODSIG 0123456789ABCDEF Eve'\n")
    yes.chmod(0o755)
    (tmp_path / "gitconfig").write_text(f'[gpg]\n\tprogram = {yes}\n[gpg "ssh"]\n\tprogram = {yes}\n')
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_PARAMETERS", f"'gpg.program'='{yes}'")
    head = team.commit("plain", None)
    commit = team.repository.git("cat-file", "commit", head)
    header = "gpgsig -----BEGIN PGP SIGNATURE-----\n \n iQ\n -----END PGP SIGNATURE-----\n\n"
    new = team.repository.git(
        "hash-object", "-t", "commit", "-w", "--stdin", text=commit.replace("\n\n", f"\n{header}", 1)
    )
    team.repository.git("update-ref", "refs/heads/main", new)
    source = follow(team.repository.folder, verify=team.verify(required=False))
    assert source.refresh().sha == new
    assert source.trust.verified is False


def test_a_file_that_is_not_there_is_told_at_the_start(team: Team, follow: Follow) -> None:
    with pytest.raises(
        SettingsError, match=r"source\.verify\.allowedSigners: /nowhere is no file; expected lines like"
    ):
        follow(team.repository.folder, verify={"allowedSigners": "/nowhere"})
