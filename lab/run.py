"""One running lab as its own keeper sees it: its folder, its ledger, its user and its daemons."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lab.ledger import Ledger
from lab.process import Daemons
from lab.user import User

#: Variable in the environment of everything that a lab starts; its value is the lab's folder.
MARK = "RECONCILER_LAB_FOLDER"


@dataclass(frozen=True, slots=True)
class Run:
    """What the parts of a lab are started with. `user` is None when everything runs as the present user."""

    folder: Path
    ledger: Ledger
    user: User | None
    daemons: Daemons

    @classmethod
    def at(cls, folder: Path, user: User | None) -> Run:
        """A lab in an existing, empty folder; from here on every process that bears its mark will be ended."""
        ledger = Ledger(folder / "ledger.jsonl")
        ledger.marked(f"{MARK}={folder}")
        logs = folder / "logs"
        logs.mkdir(mode=0o755)
        run = cls(folder, ledger, user, Daemons(ledger, logs, {MARK: str(folder)}))
        run.make_folder("home")
        return run

    def make_folder(self, name: str, mode: int = 0o755) -> Path:
        """A new folder in the lab's own, which belongs to the user that its programs run as."""
        folder = self.folder / name
        folder.mkdir(mode=mode, parents=True)
        folder.chmod(mode)
        if self.user:
            self.user.own(folder)
        return folder
