"""What people get wrong is told before it starts, or at its start, in the status, by `explain`, and by `validate`.

One daemon on each platform, all that is wrong at once, and a good service beside it that nothing of it disturbs.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from secrets import token_hex

import pytest

from lab.factory import Factory, is_healthy, line_of
from lab.lab import Lab
from reconciler.shapes.status import StatusShape
from tests.e2e.world import remove_all, service
from tests.recipes.wrong_services import AT_START, BEFORE, BEFORE_NARROW, IN_PODS, NARROW, RECIPES, Wrong

SMALL = {"cpus": 0.1, "memory": "64Mi"}
GOOD = {"good": Wrong("")}

Table = Mapping[str, Wrong]


def commit(factory: Factory, target: str, table: Table) -> None:
    """All recipes and all services, the good one too."""
    texts: dict[str, str | bytes | None] = {f"recipes/inference/{name}.yaml": text for name, text in RECIPES.items()}
    for name, wrong in table.items():
        spec = {"recipe": "faiss", "target": target, "resources": SMALL, **wrong.spec}
        texts[f"desired/zz-{name}.yaml"] = service(f"zz-{name}", **spec)
    factory.commit(texts, "all wrong")


def why(shape: StatusShape, name: str) -> str:
    """What the status says of a service."""
    line = line_of(shape, f"zz-{name}")
    return line.why if line else ""


def explained(factory: Factory, name: str) -> str:
    """The story of a service in one line."""
    return " ".join(factory.run("explain", f"zz-{name}").stdout.split())


def check_before(factory: Factory, table: Table) -> None:
    """Each is a complaint of the source with its file, told by `validate` too."""
    shape = factory.wait("the complaints", lambda shape: len(shape.source.complaints) >= len(table))
    validated = factory.run("validate", str(factory.repository))
    assert validated.returncode == 2
    for name, wrong in table.items():
        told = [one for one in map(str, shape.source.complaints) if one.startswith(f"desired/zz-{name}.yaml:")]
        assert any(wrong.said in one for one in told), (name, shape.source.complaints)
        assert f"zz-{name}.yaml" in validated.stderr
        assert wrong.said in validated.stderr
        assert wrong.said in explained(factory, name)


def check_started(factory: Factory, table: Table, seconds: float = 90) -> None:
    """Each is told, and what can be done about it."""
    factory.wait("all told", lambda shape: all(one.said in why(shape, name) for name, one in table.items()), seconds)
    for name, wrong in table.items():
        text = explained(factory, name)
        assert wrong.said in text, (name, text)
        assert wrong.help in text, (name, text)


@contextmanager
def taken() -> Iterator[int]:
    """A port on which somebody else listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@contextmanager
def locked(factory: Factory, name: str) -> Iterator[None]:
    """A folder of data of a service, into which nobody but root may write."""
    folder = factory.data / f"zz-{name}"
    factory.put(folder / "README", "Not for everybody.\n")
    folder.chmod(0o555)
    try:
        yield
    finally:
        folder.chmod(0o755)


def used_by_others(factory: Factory) -> None:
    """Folders of data that say that they are those of another daemon, and of another recipe."""
    for name, owner, recipe in (("not-ours", "factory-z", "keeps"), ("not-its-own", factory.owner, "postgresql")):
        mark = f"format=1\nowner={owner}\nservice=zz-{name}\nrecipe={recipe}\n"
        factory.put(factory.data / f"zz-{name}/0/.reconciler", mark)


@pytest.mark.slurm
def test_on_slurm(factory: Factory) -> None:
    used_by_others(factory)
    factory.put(factory.lab.slurm.secrets / "zz-open/word", "sesame", 0o644)
    with locked(factory, "no-data"):
        commit(factory, "slurm", {**BEFORE, **AT_START, **GOOD})
        factory.start()
        check_before(factory, BEFORE)
        check_started(factory, AT_START)
        factory.wait("the good one is healthy", lambda shape: is_healthy(shape, "zz-good"))


@pytest.mark.slurm
def test_on_a_narrow_slurm_without_apptainer(factory: Factory) -> None:
    with taken() as port:
        target = factory.slurm_target() | {"ports": [port, port], "runtime": "apptainer"}
        factory.configure(targets={"slurm": target})
        commit(factory, "slurm", {**BEFORE_NARROW, **NARROW})
        factory.start()
        check_before(factory, BEFORE_NARROW)
        check_started(factory, {name: replace(one, said=one.said.format(port=port)) for name, one in NARROW.items()})


@pytest.fixture
def cloud(lab_node: Lab) -> Iterator[Factory]:
    """A factory on the lab's Kubernetes node."""
    name = f"n{token_hex(4)}"
    made = Factory(lab_node, name, owner=name)
    made.configure(slurm=False, kubeconfig=lab_node.kubernetes.daemon_kubeconfig)
    yield made
    made.stop()
    remove_all(lab_node.kubernetes, name)


@pytest.mark.node
def test_on_kubernetes(cloud: Factory) -> None:
    commit(cloud, "kubernetes", {**BEFORE, **IN_PODS, **GOOD})
    cloud.start()
    check_before(cloud, BEFORE)
    check_started(cloud, IN_PODS)
    assert "/nowhere/zz.index" in cloud.run("logs", "zz-no-index", "--previous").stdout
    cloud.wait("the good one is healthy", lambda shape: is_healthy(shape, "zz-good"))
