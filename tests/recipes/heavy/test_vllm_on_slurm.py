"""A real vLLM on the real Slurm, without containers."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest

from lab.lab import Lab
from lab.vllm import vllm_folder
from tests.recipes.heavy import language
from tests.recipes.heavy.language import SECONDS, Server
from tests.recipes.report import record
from tests.recipes.slurm.stand import SlurmStand

pytestmark = [pytest.mark.slurm, pytest.mark.timeout(1800)]  # the first time, it is fetched


class VllmStand(SlurmStand):
    """Its services have what a vLLM on the processor needs."""

    small: ClassVar[dict[str, Any]] = {"cpus": 2, "memory": "3Gi", "gpus": 0}

    def output(self, name: str, job: str) -> str:
        """What a job of a service wrote."""
        return (self.slurm.logs / f"{name}.0-{job}.out").read_text(errors="replace")


@pytest.fixture(scope="module")
def stand(lab_slurm: Lab) -> Iterator[VllmStand]:
    made = VllmStand(lab_slurm, [vllm_folder() / "bin"])
    made.factory.start()
    yield made
    made.close()


def test_it_is_used_killed_used_again_and_changed(stand: VllmStand) -> None:
    name = "vllm"
    record(language.vllm(stand, name))
    stand.wait("the one before has ended", lambda: len(stand.running(name)) == 1)
    (job,) = stand.running(name)
    began = time.monotonic()
    remove(stand, name)
    stand.wait("it has ended", lambda: not stand.running(name))
    # Slurm's own wait between the SIGTERM and the SIGKILL is 30 s, and the recipe's grace 60 s.
    assert time.monotonic() - began < 20
    assert "Application shutdown complete" in stand.output(name, job)


def test_a_model_that_makes_no_token_is_healthy_once_nobody_asks_for_one(stand: VllmStand) -> None:
    language.vllm_without_tokens(stand, "embedder")
    remove(stand, "embedder")


def test_two_machines_share_a_model(stand: VllmStand) -> None:
    server = Server.made(stand, "pair")
    server.want(spec={"nodes": 2}, tensorParallelSize=2, pipelineParallelSize=1)
    server.wait_healthy()
    assert "world_size=2 rank=1" in server.log()
    assert server.ask("models") == {"tiny": 512}
    assert language.is_whole(server.ask("use"))
    remove(stand, "pair")


def test_what_is_wrong_is_told_in_its_own_words(stand: VllmStand) -> None:
    flag, folder = Server.made(stand, "flag"), Server.made(stand, "folder")
    flag.want(extraArgs=["--no-such-flag=1"])
    folder.want(model="/nowhere/llama")
    stand.wait("no folder", lambda: "/nowhere/llama" in explained(stand, "folder"))
    assert "config.model: there is no folder /nowhere/llama on this node that can be read" in explained(stand, "folder")
    stand.wait("no flag", lambda: "unrecognized arguments: --no-such-flag=1" in explained(stand, "flag"), SECONDS)
    remove(stand, "flag", "folder")


def explained(stand: VllmStand, name: str) -> str:
    """The story of a service in one line."""
    return re.sub(r"\s+", " ", stand.factory.run("explain", name).stdout)


def remove(stand: VllmStand, *names: str) -> None:
    """Nobody wants them any more; also where nothing is left then."""
    stand.factory.commit({f"desired/{name}.yaml": None for name in names}, "no more\n\nReconciler-Allow-Removals: all")
