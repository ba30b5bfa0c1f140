from pathlib import Path

import pytest

from reconciler.errors import SettingsError
from reconciler.source.address import parse_address, parse_folder


@pytest.mark.parametrize(
    ("text", "url", "protocols"),
    [
        ("https://host/team/desired.git", "https://host/team/desired.git", "https:ssh"),
        ("https://host:8443/team/desired", "https://host:8443/team/desired", "https:ssh"),
        ("ssh://git@host:2222/team/desired.git", "ssh://git@host:2222/team/desired.git", "https:ssh"),
        ("git@host:team/desired.git", "git@host:team/desired.git", "https:ssh"),
        ("http://127.0.0.1:3000/team/desired", "http://127.0.0.1:3000/team/desired", "http:https:ssh"),
        ("git://localhost/team", "git://localhost/team", "git:https:ssh"),
        ("http://[::1]:3000/team", "http://[::1]:3000/team", "http:https:ssh"),
    ],
)
def test_remote_addresses(text, url, protocols):
    address = parse_address(text)
    assert (address.url, address.folder, address.protocols, address.header) == (url, None, protocols, "")


@pytest.mark.parametrize("text", ["/srv/team", "file:///srv/team", "file://localhost/srv/team", "/srv/./team"])
def test_local_addresses(text):
    address = parse_address(text)
    assert (address.folder, address.protocols) == (Path("/srv/team"), "file")
    assert address.url == "/srv/team"


def test_a_relative_path_counts_from_the_working_directory():
    assert parse_address("team").folder == Path.cwd() / "team"
    assert parse_address(".").folder == Path.cwd()


@pytest.mark.parametrize(
    "text",
    [
        "ext::sh -c id",
        "ext://sh -c id",
        "fd::17/x",
        "--upload-pack=id",
        "-oProxyCommand=id",
        "",
        " ",
        "ssh://-oProxyCommand=id/x",
        "ssh://-user@host/x",
        "ssh://",
        "https:///x",
        "https://host:port/x",
        "https://[half/x",
        "http://host/x",
        "git://host/x",
        "ftp://host/x",
        "https::https://host/x",
        "git@host:-x",
        "git@host:ext::id",
        "file://other/srv/team",
    ],
)
def test_everything_else_is_refused(text):
    with pytest.raises(SettingsError, match=r"source\.url: .*expected a path on this machine"):
        parse_address(text)


def test_a_password_becomes_a_header_and_is_never_shown():
    address = parse_address("https://me:s%40cret@host/team?token=s%40cret")
    assert address.url == "https://host/team"
    assert address.header == "Authorization: Basic bWU6c0BjcmV0"
    assert "bWU6" not in repr(address)


@pytest.mark.parametrize(
    "text",
    [
        "http://me:s3cret@host/x",
        "ftp://me:s3cret@host/x",
        "https://me:s3cret@host:port/x",
        "https://me:s3cret/x@host/x",
        "me:s3cret@host:x",
    ],
)
def test_a_password_is_not_in_the_error(text):
    with pytest.raises(SettingsError) as caught:
        parse_address(text)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "folder"),
    [("desired", "desired"), ("desired/", "desired"), ("./a//b", "a/b"), (".", ""), ("a..b", "a..b")],
)
def test_folders(text, folder):
    assert parse_folder(text) == folder


@pytest.mark.parametrize("text", ["/etc", "..", "a/../../b", "-x", "a\nb"])
def test_folders_outside_are_refused(text):
    with pytest.raises(SettingsError, match=r"source\.path: .*not a folder inside the repository"):
        parse_folder(text)
