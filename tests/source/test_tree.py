import time

import pytest

from reconciler.errors import SourceError
from reconciler.source.reader import FILE_LIMIT


@pytest.fixture
def snapshot(repository, follow):
    """The files at the head, by path; committed first where they are given."""

    def read(files=None, **settings):
        if files:
            repository.commit("more", files)
        source = follow(repository.folder, **settings)
        return source.read(source.refresh()).files

    return read


def test_only_yaml_below_the_path_is_read(snapshot):
    files = snapshot(
        {
            "desired/team/b.yml": "b: 1\n",
            "desired/README.md": "no",
            "desired/c.yaml.txt": "no",
            "desired-too/d.yaml": "no",
            "e.yaml": "no",
            "recipes/x/f.yaml": "no",
        }
    )
    assert {path: file.text for path, file in files.items()} == {
        "desired/a.yaml": "a: 1\n",
        "desired/team/b.yml": "b: 1\n",
    }
    assert not any(file.refused for file in files.values())


def test_recipes_come_from_a_second_folder(snapshot):
    files = snapshot({"recipes/vector-db/f.yaml": "f: 1\n"}, recipes="recipes")
    assert sorted(files) == ["desired/a.yaml", "recipes/vector-db/f.yaml"]


def test_the_path_may_be_the_whole_repository(snapshot):
    assert sorted(snapshot({"b.yaml": "b: 1\n"}, path=".", recipes="recipes")) == ["b.yaml", "desired/a.yaml"]


def test_equal_contents_have_equal_blobs(snapshot):
    files = snapshot({"desired/b.yaml": "a: 1\n", "desired/c.yaml": "a: 2\n"})
    assert files["desired/a.yaml"].blob == files["desired/b.yaml"].blob != files["desired/c.yaml"].blob


def test_a_path_that_is_not_there_gives_no_files(snapshot):
    assert snapshot(path="absent") == {}


def test_a_glob_in_the_path_is_a_plain_name(snapshot):
    assert snapshot(path="d*") == {}


def test_odd_but_honest_names_are_read(snapshot):
    deep = "/".join(["desired", *"abcdefghij" * 5, "é ü.yaml"])
    assert snapshot({deep: "x: 1\n"})[deep].text == "x: 1\n"


def test_executable_files_are_files(repository, snapshot):
    (repository.folder / "desired/a.yaml").chmod(0o755)
    repository.commit("executable")
    assert snapshot()["desired/a.yaml"].text == "a: 1\n"


@pytest.mark.parametrize("name", ["link.yaml", "folder"])
def test_a_symbolic_link_is_refused_and_not_followed(repository, snapshot, name):
    (repository.folder / "desired" / name).symlink_to("/etc/passwd")
    repository.commit("link")
    file = snapshot()[f"desired/{name}"]
    assert file.text is None
    assert file.refused == "it is a symbolic link; only plain files are read"


def test_a_submodule_is_refused(repository, snapshot):
    head = repository.git("rev-parse", "HEAD")
    repository.git("update-index", "--add", "--cacheinfo", f"160000,{head},desired/other")
    repository.git("commit", "--quiet", "-m", "submodule")
    file = snapshot()["desired/other"]
    assert (file.text, file.refused) == (None, "it is a submodule; only plain files are read")


def test_a_link_in_place_of_the_path_is_refused(repository, snapshot):
    repository.git("rm", "-r", "--quiet", "desired")
    (repository.folder / "desired").symlink_to("/etc")
    repository.commit("link")
    assert {path: file.text for path, file in snapshot().items()} == {"desired": None}


def test_a_large_file_is_refused_and_not_read(snapshot):
    start = time.monotonic()
    files = snapshot({"desired/big.yaml": b"#" * 50 * 2**20, "desired/limit.yaml": b"#" * FILE_LIMIT})
    assert files["desired/big.yaml"].text is None
    assert files["desired/big.yaml"].refused == "it has 52428800 bytes; at most 1048576 are read"
    assert len(files["desired/limit.yaml"].text or "") == FILE_LIMIT
    assert time.monotonic() - start < 20


def test_text_in_another_encoding_is_refused(snapshot):
    file = snapshot({"desired/latin.yaml": "a: 1\nname: José\n".encode("latin-1")})["desired/latin.yaml"]
    assert (file.text, file.refused) == (None, "it is not UTF-8: byte 0xe9 in line 2")


def test_names_that_would_forge_a_line_are_refused(repository, snapshot):
    repository.write("desired/a\nb.yaml", "x: 1\n")
    (repository.folder / b"desired/\xff.yaml".decode("utf-8", "surrogateescape")).write_text("x: 1\n")
    repository.commit("odd names")
    files = snapshot()
    assert [path for path, file in files.items() if "its name has" in file.refused] == [
        "desired/a\nb.yaml",
        "desired/\\xff.yaml",
    ]


def test_more_bytes_than_the_limit_are_refused_with_words(snapshot):
    many = {f"desired/f{number:03}.yaml": f"# {number}\n".ljust(FILE_LIMIT) for number in range(66)}
    files = snapshot(many)
    refused = [path for path, file in files.items() if file.refused]
    assert refused == ["desired/f063.yaml", "desired/f064.yaml", "desired/f065.yaml"]
    assert "67108864 bytes are read in all" in files["desired/f065.yaml"].refused
    assert len(files) == 67


def test_more_files_than_the_limit_are_refused_with_words(repository, snapshot):
    blob = repository.blob("x: 1\n")
    tree = repository.git("mktree", text="".join(f"100644 blob {blob}\tf{n:05}.yaml\n" for n in range(20_002)))
    root = repository.git("mktree", text=f"040000 tree {tree}\tdesired\n")
    repository.git("update-ref", "refs/heads/main", repository.git("commit-tree", "-m", "many", root))
    files = snapshot()
    assert [path for path, file in files.items() if file.refused] == ["desired/f20000.yaml", "desired/f20001.yaml"]
    assert "at most 20000 are read" in files["desired/f20001.yaml"].refused


@pytest.mark.parametrize("leaf", ["", "100644 blob {}\tx.yaml\n"], ids=["of folders", "of files"])
def test_a_tree_that_names_billions_of_files_is_given_up(repository, snapshot, leaf):
    tree = repository.git("mktree", text=leaf.format(repository.blob("x: 1\n")))
    for _ in range(10):
        tree = repository.git("mktree", text="".join(f"040000 tree {tree}\t{n}\n" for n in range(10)))
    root = repository.git("mktree", text=f"040000 tree {tree}\tdesired\n")
    repository.git("update-ref", "refs/heads/main", repository.git("commit-tree", "-m", "bomb", root))
    with pytest.raises(SourceError, match="more than 33554432 bytes"):
        snapshot()


def test_five_thousand_files_are_read_fast_and_again_faster(repository, follow):
    for number in range(5_000):
        repository.write(f"desired/team-{number % 50}/s{number}.yaml", f"name: s{number}\n" * 20)
    repository.commit("many")
    source = follow(repository.folder)
    revision = source.refresh()
    start = time.monotonic()
    assert len(source.read(revision).files) == 5_001
    first, start = time.monotonic() - start, time.monotonic()
    assert len(source.read(revision).files) == 5_001
    again = time.monotonic() - start
    assert first < 3
    assert again < first
