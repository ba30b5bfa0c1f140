"""The lab as those see it who use it: tests, benchmarks, `make run`."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from secrets import token_hex
from types import TracebackType
from typing import TYPE_CHECKING, Self

from lab import runs, state
from lab.host import LabError
from lab.keeper import Size, Wish
from lab.kubernetes_choices import ServerChoices
from lab.slurm import SlurmFacts
from lab.slurm_conf import Choices
from lab.state import PartName, PartReport
from lab.user import User, lab_user

if TYPE_CHECKING:
    from lab.kubernetes import KubernetesFacts

_PAUSE = 0.05
_END = 40.0
_USUAL = Choices()
_SERVER = ServerChoices()


class Lab:
    """A running lab. As a context manager it ends with its block.

    `folder`: the lab's own. `user`: who its programs run as, None when they run as the present user. `home`: an
    empty folder of that user, which everybody can read, for repositories, state and settings of a test.
    """

    def __init__(self, folder: Path, keeper: subprocess.Popen[str] | None) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.user: User | None = lab_user()
        self._keeper = keeper

    @classmethod
    def start(
        cls,
        *,
        slurm: bool = True,
        kubernetes: Size = "none",
        name: str | None = None,
        choices: Choices = _USUAL,
        server: ServerChoices = _SERVER,
        detached: bool = False,
    ) -> Self:
        """Start a lab and return at once; `wait` says when a part is ready.

        It ends with this process, or with `stop`, unless `detached`. Labs that died before are cleaned up first.
        `choices`: how Slurm is set, `server`: how Kubernetes is. Raises LabError.
        """
        wish = Wish(name or f"lab-{token_hex(4)}", choices if slurm else None, kubernetes, detached, server)
        folder = runs.folder_of(wish.name)
        keeper = subprocess.Popen(
            [sys.executable, "-m", "lab", "keep", json.dumps(asdict(wish))],
            cwd=Path(__file__).parents[1],
            stdin=subprocess.DEVNULL if detached else subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert keeper.stdout
        with keeper.stdout:
            answer = keeper.stdout.readline()
        if answer != "\n":
            keeper.communicate()
            raise LabError(answer.strip() or f"the keeper of the lab ended with {keeper.returncode}")
        return cls(folder, keeper)

    @classmethod
    def attach(cls, name: str) -> Self:
        """A lab that somebody else has started. Raises LabError when there is none of that name."""
        folder = runs.folder_of(name)
        if runs.keeper(folder) is None:
            raise LabError(f"there is no lab {name}")
        return cls(folder, None)

    def reports(self) -> dict[PartName, PartReport]:
        """Part → how far it is. Raises LabError when the lab has ended."""
        return state.read(self.folder)

    def wait(self, part: PartName, timeout: float = 60.0, progress: Callable[[str], None] | None = None) -> None:
        """Wait until a part is ready; `progress` gets each new line that it says of itself.

        Raises LabError when it cannot run, when the lab ends, or after `timeout` seconds.
        """
        deadline, said = time.monotonic() + timeout, ""
        while (report := self._report(part)).state != "ready":
            if report.state == "failed":
                raise LabError(f"{part} cannot run here: {report.progress}")
            if time.monotonic() > deadline:
                raise LabError(f"{part} is not ready after {timeout:g} s: {report.progress}")
            if progress and report.progress != said:
                progress(report.progress)
            said = report.progress
            time.sleep(_PAUSE)

    @property
    def slurm(self) -> SlurmFacts:
        """The ready Slurm. Raises LabError when it is not ready."""
        return state.facts_as(SlurmFacts, self._ready("slurm"))

    @property
    def kubernetes(self) -> KubernetesFacts:
        """The ready Kubernetes. Raises LabError when it is not ready."""
        from lab.kubernetes import KubernetesFacts  # noqa: PLC0415 - a lab without Kubernetes does not load it

        return state.facts_as(KubernetesFacts, self._ready("kubernetes"))

    def as_user(self, argv: Sequence[str]) -> list[str]:
        """`argv`, so that it runs as the user that the lab's programs run as."""
        return self.user.command(argv) if self.user else list(argv)

    def stop(self) -> None:
        """End the lab and put everything back; nothing happens when it has ended. Raises LabError when that fails."""
        if self._keeper and self._keeper.stdin:
            self._keeper.stdin.close()
        runs.end(self.folder)
        if self._keeper:
            self._keeper.wait(_END)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def _report(self, part: PartName) -> PartReport:
        if runs.keeper(self.folder) is None:
            raise LabError(f"the lab in {self.folder} has ended")
        found = self.reports().get(part)
        if found is None:
            raise LabError(f"this lab has no {part}")
        return found

    def _ready(self, part: PartName) -> PartReport:
        report = self._report(part)
        if report.state != "ready":
            raise LabError(f"{part} is not ready: {report.progress}")
        return report
