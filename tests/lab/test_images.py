"""Images are packed from files of this machine, the same ones always in the same way."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from lab import host
from lab.host import program
from lab.images import Folder, Image, Link, Text, catalogue, faiss, libraries, pack, pinned, postgres, tree
from tests.slurm.services import shipped


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache that is empty."""
    monkeypatch.setenv("RECONCILER_LAB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def small(tmp_path: Path) -> Image:
    """An image with one of everything."""
    program = tmp_path / "hello"
    program.write_text("#!/bin/sh\necho hello\n")
    program.chmod(0o4775)
    os.utime(program, (1, 1))
    content = {
        "/bin/hello": program,
        "/etc/motd": Text("grüezi\n"),
        "/data": Folder(0o1777, uid=12),
        "/var/run/link": Link("/data"),
    }
    return Image("example.org/small:1", content, entrypoint=("hello",), env={"A": "b c"}, user="12:12")


def members(archive: Path) -> dict[str, tarfile.TarInfo]:
    """What is in the one layer of an archive."""
    with tarfile.open(archive) as outer:
        manifest = json.load(outer.extractfile("manifest.json"))  # type: ignore[arg-type] # it is there, or the test fails
        with tarfile.open(fileobj=outer.extractfile(manifest[0]["Layers"][0])) as layer:
            return {member.name: member for member in layer.getmembers()}


def test_files_texts_folders_and_links_come_where_they_belong(small: Image) -> None:
    found = members(pack(small))
    assert (found["usr/bin/hello"].mode, found["usr/bin/hello"].mtime) == (0o755, 1), "no set-uid bit, but the time"
    assert (found["data"].mode, found["data"].uid, found["data"].isdir()) == (0o1777, 12, True)
    assert (found["run/link"].issym(), found["run/link"].linkname) == (True, "/data")
    assert found["etc/motd"].size == len("grüezi\n".encode())


def test_folders_come_before_what_is_in_them(small: Image) -> None:
    names = list(members(pack(small)))
    missing = [name for name in names if "/" in name and name.rpartition("/")[0] not in names[: names.index(name)]]
    assert missing == []


def test_the_merged_usr_is_there(small: Image) -> None:
    found = members(pack(small))
    assert {name: found[name].linkname for name in ("bin", "lib64")} == {"bin": "usr/bin", "lib64": "usr/lib64"}


def test_the_archive_names_its_image_and_how_it_starts(small: Image) -> None:
    with tarfile.open(pack(small)) as archive:
        manifest = json.load(archive.extractfile("manifest.json"))  # type: ignore[arg-type] # it is there, or it fails
        config = json.load(archive.extractfile(manifest[0]["Config"]))  # type: ignore[arg-type] # likewise
    assert manifest[0]["RepoTags"] == ["example.org/small:1"]
    assert config["config"]["Entrypoint"] == ["hello"]
    assert "A=b c" in config["config"]["Env"]
    assert config["config"]["User"] == "12:12"


def test_the_same_content_is_packed_once(small: Image, cache: Path) -> None:
    first = pack(small).stat()
    assert pack(small).stat() == first
    assert len(list((cache / "images").iterdir())) == 1, "and no draft is left"


def test_a_changed_file_makes_another_archive(small: Image, tmp_path: Path) -> None:
    before = pack(small)
    (tmp_path / "hello").write_text("#!/bin/sh\necho world\n")
    assert pack(small) != before


def test_only_the_last_few_are_kept(small: Image, tmp_path: Path, cache: Path) -> None:
    for number in range(5):
        (tmp_path / "hello").write_text("x" * number)
        last = pack(small)
    kept = list((cache / "images").iterdir())
    assert len(kept) == 3
    assert last in kept


def test_packing_again_gives_the_same_bytes(small: Image) -> None:
    archive = pack(small)
    first = archive.read_bytes()
    archive.unlink()
    assert pack(small).read_bytes() == first


@pytest.mark.parametrize(
    ("skip", "kept"),
    [
        ((), {"a.py", "d/e/b.py", "d/c.txt"}),
        (("d/*",), {"a.py"}),
        (("*.py",), {"d/c.txt"}),
        (("d",), {"a.py", "d/e/b.py", "d/c.txt"}),
    ],
)
def test_a_tree_leaves_out_what_it_is_told(tmp_path: Path, skip: tuple[str, ...], kept: set[str]) -> None:
    for name in ("a.py", "d/e/b.py", "d/c.txt"):
        (tmp_path / "tree" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "tree" / name).touch()
    assert {inside for inside, _ in tree(tmp_path / "tree", "/x", skip=skip)} == {f"/x/{name}" for name in kept}


def test_libraries_are_found_with_their_loader() -> None:
    names = {Path(inside).name for inside, _ in libraries([Path(sys.executable).resolve()])}
    assert "libc.so.6" in names
    assert any(name.startswith("ld-linux") for name in names)


def test_the_faiss_image_holds_the_server_and_what_it_imports() -> None:
    content = faiss.faiss_server().content
    for inside in (
        "reconciler/faiss_server/__main__.py",
        "faiss/__init__.py",
        "numpy/__init__.py",
        "starlette/__init__.py",
    ):
        assert f"/opt/faiss-server/{inside}" in content
    assert not [inside for inside in content if "/reconciler/kube/" in inside or "/_pytest/" in inside]


def test_the_postgres_image_goes_without_its_compiler() -> None:
    content = postgres.postgres().content
    assert "/usr/lib/postgresql/15/bin/postgres" in content
    assert not [inside for inside in content if "llvm" in inside.lower()]


def test_the_catalogue_is_keyed_by_reference() -> None:
    assert {reference: make().reference for reference, make in catalogue.IMAGES.items()} == {
        reference: reference for reference in catalogue.IMAGES
    }


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "POSTGRES_PASSWORD is not set"),
        ({"POSTGRES_PASSWORD": "a", "POSTGRES_PASSWORD_FILE": "/b"}, "POSTGRES_PASSWORD_FILE are both set"),
        ({"POSTGRES_PASSWORD_FILE": "/none"}, "/none"),
    ],
)
def test_the_postgres_entry_point_says_what_is_wrong(tmp_path: Path, given: dict[str, str], said: str) -> None:
    done = entry_point("postgres", PGDATA=str(tmp_path / "data"), **given)
    assert (done.returncode, said in done.stderr) == (1, True)


def test_the_postgres_entry_point_runs_other_programs_as_they_are(tmp_path: Path) -> None:
    assert entry_point("echo", "a  b", PGDATA=str(tmp_path)).stdout == "a  b\n"


def entry_point(*argv: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run the entry point with the shell that is in the image."""
    script = Path(postgres.__file__).with_suffix(".sh")
    path = {"PATH": "/usr/sbin:/usr/bin:/bin"}
    command = [program("busybox"), "sh", str(script), *argv]
    return subprocess.run(command, env=path | env, capture_output=True, text=True, timeout=20, check=False)


@pytest.mark.parametrize("name", ["chroma", "minio", "seaweedfs", "triton"])
def test_a_servers_image_is_called_what_its_recipe_calls_it(name: str) -> None:
    wanted = shipped(name).spec.image
    tagged, _, digest = wanted.partition("@")
    assert pinned.public_name(name) == tagged
    repository = tagged.rpartition(":")[0]
    assert pinned.pinned_names(tagged) == ([f"{repository}@{digest}"] if digest else [])


def test_a_package_may_be_told_by_a_file_that_nobody_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    here, gone = tmp_path / "library.so", tmp_path / "gone.so"
    here.touch(mode=0o644)
    monkeypatch.setitem(host.NEEDS, "part", {"first": str(here), "second": str(gone), "third": "no-such-program"})
    assert host.missing("part") == ["second", "third"]
