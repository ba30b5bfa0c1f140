"""`reconciler data`: what services leave behind is found again, and goes only when nobody wants or uses it."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from secrets import token_hex
from typing import Any

import pytest

from lab.factory import Factory, line_of
from lab.lab import Lab
from tests.e2e.world import RECIPE, RECIPE_PATH, jobs, service, until

_KEEPS = RECIPE.replace("name: web", "name: ledger").replace(
    "  start:\n", "  stateful: true\n  storage: {data: {path: /data, size: 1Mi}}\n  start:\n"
)


class Store:
    """A factory with two services that keep data, one on each target."""

    def __init__(self, factory: Factory) -> None:
        self.factory = factory
        self.name = f"d{token_hex(3)}"
        self.kubernetes = f"{self.name}-k"

    def want(self, replicas: int | None) -> None:
        """Both of them, the one on Slurm with so many replicas; None: none of them."""
        both = {self.name: ("slurm", replicas), self.kubernetes: ("kubernetes", 1)}
        texts = {
            f"desired/{name}.yaml": None if replicas is None else service(name, target, "ledger", replicas=count)
            for name, (target, count) in both.items()
        }
        trailer = "\n\nReconciler-Allow-Removals: all\n" if replicas is None else ""
        self.factory.commit({"recipes/inference/ledger.yaml": _KEEPS, **texts}, f"want {replicas}{trailer}")

    def lines(self, *words: str) -> dict[str, dict[str, Any]]:
        """What lies there, by service and replica."""
        done = self.factory.run("data", "list", "-o", "json", *words)
        assert done.returncode == 0 or (done.returncode == 1 and "no data" in done.stderr), done.stderr
        return {f"{one['service']}/{one['replica']}": one for one in json.loads(done.stdout)}

    def states(self) -> dict[str, str]:
        return {name: one["state"] for name, one in self.lines().items()}

    def remove(self, *words: str, code: int = 0) -> str:
        done = self.factory.run("data", "remove", *words)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout if code == 0 else done.stderr

    def asked(self, name: str, word: str) -> str:
        """What a person at a terminal reads, and answers."""
        hand, terminal = os.openpty()
        try:
            os.write(hand, f"{word}\n".encode())
            argv, environment = self.factory.reconciler("data", "remove", name), self.factory.environment()
            return subprocess.run(
                argv, env=environment, stdin=terminal, capture_output=True, text=True, timeout=60, check=False
            ).stdout
        finally:
            os.close(hand)
            os.close(terminal)

    def running(self) -> set[str]:
        found = jobs(self.factory.lab.slurm, self.factory.owner)
        return {job.name for job in found if job.alive}


@pytest.fixture
def store(both: Factory) -> Store:
    return Store(both)


def test_data_from_the_first_start_to_their_end(store: Store, lab_control_plane: Lab) -> None:
    factory, name, other = store.factory, store.name, store.kubernetes
    home = factory.data / name
    store.want(2)
    factory.start()
    factory.wait_healthy([name], 60)
    until("a claim is made", lambda: f"{other}/0" in store.lines("--target", "kubernetes"))

    # In use: nothing goes.
    lines = store.lines()
    assert {key: one["state"] for key, one in lines.items()} == dict.fromkeys(
        (f"{name}/0", f"{name}/1", f"{other}/0"), "in use"
    )
    assert (lines[f"{name}/0"]["recipe"], lines[f"{name}/0"]["volume"]) == ("ledger", "data")
    assert lines[f"{name}/0"]["place"] == f"{home}/0/data"
    assert lines[f"{other}/0"]["claimed"] == 1 << 20
    for one in (name, other):
        assert "is in use" in store.remove(one, "--yes", code=2)

    # A replica that is wanted no more is kept, and may go by itself.
    factory.put(home / "1/data/word", "of the second")
    store.want(1)
    until("one is left", lambda: store.running() == {f"{name}.0"})
    until("the second is kept", lambda: store.states()[f"{name}/1"] == "kept")
    assert store.remove(name, "--replica=1", "--yes") == f"removed {home}/1/data\n"
    assert sorted(path.name for path in home.iterdir()) == ["0"]

    # Wanted: also while nothing of it lives, and no daemon is there.
    factory.stop()
    slurm = factory.lab.slurm
    slurm.command("scancel", f"--name={name}.0")
    until("it has ended", lambda: not store.running())
    until("it is wanted", lambda: store.states()[f"{name}/0"] == "wanted")
    said = store.remove(name, "--yes", code=2)
    assert f"is wanted: desired/{name}.yaml wants it; nothing is removed; remove {name} from the repo" in said

    # Kept: until somebody says so.
    factory.put(home / "0/data/word", "of the first")
    secret = factory.lab.slurm.secrets / f"{name}-generated/PASSWORD"
    factory.put(secret, "sesame", 0o600)
    factory.put(secret.with_name(f".of-{factory.owner}"), "")
    factory.start()
    factory.wait("all lives again", lambda shape: bool(line_of(shape, name)))
    store.want(None)
    until("nothing lives", lambda: set(store.states().values()) == {"kept"}, 60)
    shown = factory.run("data", "list", "--state", "kept", "-o", "wide").stdout
    assert f"{home}/0/data" in shown
    assert f"ai/data-{other}-0" in shown
    assert "say --yes" in store.remove(name, code=2), "nobody could be asked"
    assert f"Remove these data of {name} for ever? [y/N]" in store.asked(name, "n")
    assert (home / "0/data/word").exists()
    outside = factory.folder / "outside"
    factory.put(outside / "precious", "kept")
    (home / "0/data/link").symlink_to(outside)
    (home / "0/elsewhere").symlink_to(outside)
    assert f"removed {home}/0/data\n" in store.remove(name, "--yes")
    assert not home.exists()
    assert not secret.parent.exists()
    assert (outside / "precious").read_text() == "kept"
    assert f"no data of {name} are kept" in store.remove(name, "--yes", code=1)

    # On Kubernetes the daemon has no right to it, and a person needs one.
    assert "reconciler rbac kubernetes --data --subject" in store.remove(other, "--yes", code=2)
    admin = str(factory.folder / "admin.kubeconfig")
    factory.put(Path(admin), lab_control_plane.kubernetes.kubeconfig.read_bytes(), 0o600)
    assert f"removed ai/data-{other}-0\n" in store.remove(other, "--yes", "--kubeconfig", admin)
    until("the claim is gone", lambda: store.states() == {})


@pytest.mark.slurm
def test_targets_with_the_same_folder_answer_for_each_other(factory: Factory) -> None:
    """One whose look says that nothing lives does not decide alone."""
    target = factory.slurm_target()
    silent = target | {"transport": {"bin": "/nowhere"}}
    name = f"d{token_hex(3)}"
    home = factory.data / name / "0"
    factory.put(home / ".reconciler", f"format=1\nowner={factory.owner}\nservice={name}\nrecipe=web\n")
    factory.put(home / "data/word", "hello")
    factory.commit({RECIPE_PATH: RECIPE}, "nothing is wanted")
    for targets, state, code in (
        ({"slurm": target, "silent": silent}, "unknown", 2),
        ({"slurm": target}, "kept", 0),
    ):
        factory.configure(targets=targets)
        (line,) = json.loads(factory.run("data", "list", name, "-o", "json").stdout)
        assert (line["target"], line["state"]) == ("slurm", state)
        assert factory.run("data", "remove", name, "--target", "slurm", "--yes").returncode == code
        assert home.exists() is bool(code)
