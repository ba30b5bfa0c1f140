"""`validate`: for those who write services, before they commit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.console import answer, write
from tests.e2e.world import RECIPE, RECIPE_PATH, service

ROOT = Path(__file__).parents[2]
GOOD: dict[str, str | bytes] = {
    "desired/a.yaml": service("a"),
    "desired/team/b.yml": service("b", "cloud", "faiss"),
    "desired/notes.md": "# not ours",
    RECIPE_PATH: RECIPE,
}


def test_what_ships_is_good() -> None:
    assert answer(0, "validate", ROOT) == "5 services and 7 recipes, no errors\n"


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (".", "2 services and 1 recipe"),
        ("desired", "2 services and 1 recipe"),
        ("desired/", "2 services and 1 recipe"),
        ("desired/a.yaml", "1 service and 1 recipe"),
        ("recipes", "0 services and 1 recipe"),
        (RECIPE_PATH, "0 services and 1 recipe"),
    ],
)
def test_a_repository_and_each_part_of_it(tmp_path: Path, path: str, found: str) -> None:
    write(tmp_path, GOOD)
    assert answer(0, "validate", path, cwd=tmp_path) == f"{found}, no errors\n"


def test_it_does_not_matter_where_one_stands(tmp_path: Path) -> None:
    write(tmp_path, GOOD | {"desired/team/b.yml": service("b", recipe="wbe")})
    wrong = "b.yml:8:5: spec.recipe: unknown recipe; found `wbe`; did you mean `web`?\n"
    assert answer(2, "validate", ".", cwd=tmp_path / "desired") == f"error: team/{wrong}"
    assert answer(2, "validate", "..", cwd=tmp_path / "desired/team") == f"error: {wrong}"
    assert answer(2, "validate", "desired/team", cwd=tmp_path) == f"error: desired/team/{wrong}"
    assert answer(2, "validate", tmp_path) == f"error: {tmp_path}/desired/team/{wrong}"


TWO = f"{service('c', replcas=2)}---\n{service('b', target='slurm', config={'greting': 'x'})}"
BAD: dict[str, tuple[str | bytes, tuple[str, ...]]] = {
    "two.yaml": (
        TWO,
        (
            ":10:5: spec.replcas: unknown key; did you mean `replicas`?",
            ":24:7: spec.config.greting: unknown parameter; did you mean `greeting`?",
        ),
    ),
    "broken.yaml": ("spec: [\n", (":2:1: no valid YAML",)),
    "latin.yaml": (b"name: ok\nother: caf\xe9\n", (": it is not UTF-8: byte 0xe9 in line 2",)),
    "big.yaml": (b"#" * (2**20 + 1), (": it has 1048577 bytes; at most 1048576 are read",)),
    "deep.yaml": ("a: " + "[" * 3000 + "]" * 3000, (":1:35: asks for too much: more than 32 lists",)),
    "name.yaml": (
        service("A_b"),
        (":5:5: metadata.name: is not allowed; found text `A_b`; expected a DNS-1123",),
    ),
    "twice.yaml": (service("a"), (":1:1: metadata.name: the name `a` is taken: it is also that of desired/a.yaml:1",)),
    "recipe.yaml": (RECIPE, (":2:1: kind: a recipe among the services; move the file to",)),
}


def test_all_errors_of_all_files_at_once_each_with_its_place(tmp_path: Path) -> None:
    write(tmp_path, GOOD | {f"desired/{name}": content for name, (content, _) in BAD.items()})
    (tmp_path / "desired/link.yaml").symlink_to("/etc/passwd")
    (tmp_path / "desired/loop").symlink_to(tmp_path)
    text = answer(2, "validate", ".", cwd=tmp_path)
    wanted = [f"desired/{name}{words}" for name, (_, lines) in BAD.items() for words in lines]
    wanted += [f"desired/{name}: it is a symbolic link" for name in ("link.yaml", "loop")]
    assert [words for words in wanted if f"error: {words}" not in text] == []
    assert "desired/team/b.yml" in text, "the other owner of the name"


def test_what_a_file_quotes_moves_no_cursor_and_forges_no_line(tmp_path: Path) -> None:
    evil = "a\x1b[31m\u202e\nerror: forged"
    texts = {"target": service("a", target=evil), "recipe": service("b", recipe=evil), "name": service(evil)}
    texts["key"] = service("c", config={evil: 1}, **{evil: 2})
    texts["kinds"] = service("d", resources={"gpuType": evil}, kubernetes={"namespace": evil})
    write(tmp_path, {f"desired/{name}.yaml": text for name, text in texts.items()})
    lines = answer(2, "validate", ".", cwd=tmp_path).split("\n")
    assert all(line.startswith("error: desired/") for line in lines[:-1])
    assert all(line.isprintable() for line in lines)
    assert {line.removeprefix("error: desired/").partition(".")[0] for line in lines[:-1]} == set(texts)


@pytest.mark.parametrize("name", ["empty", "nothing.txt"])
def test_where_there_is_nothing_to_check_it_says_so(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    words = "no YAML file in it" if name == "empty" else "does not exist"
    assert words in answer(2, "validate", name, cwd=tmp_path)


def test_against_the_targets_and_limits_of_an_operator(tmp_path: Path) -> None:
    folders = {"data": "/d", "logs": "/l"}
    slurm = {"kind": "slurm", "folders": folders, "limits": {"nodes": 2}}
    settings = {"owner": "o", "source": {"url": "/r"}, "state": "/s", "targets": {"slurm": slurm}}
    write(tmp_path, GOOD | {"desired/c.yaml": service("c", replicas=3), "settings.yaml": json.dumps(settings)})
    text = answer(2, "validate", "--config", "settings.yaml", ".", cwd=tmp_path)
    assert "desired/team/b.yml:9:5: spec.target: unknown target; found `cloud`" in text
    assert "desired/c.yaml:10:5: spec.replicas: more machines than the target slurm allows" in text
