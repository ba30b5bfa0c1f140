"""The images of a node: how its containerd gets them."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from lab import host
from lab.host import LabError
from lab.images.catalogue import HEAVY, SERVERS
from lab.images.image import Image, pack
from lab.images.pinned import pinned_names, public_name
from lab.wait import until

_SECONDS = 30


@dataclass(frozen=True, slots=True)
class ImageStore:
    """The containerd that listens on `socket`."""

    socket: Path

    def wait(self, log: Path) -> None:
        """Until it answers; `log` is where it says why not. Raises LabError."""
        until(lambda: self._ctr("version").returncode == 0, _SECONDS, f"containerd answers; see {log}")

    def give(self, image: Image) -> None:
        """Let it have an image, also under the name by which a recipe pins it. Raises LabError."""
        done = self._ctr("images", "import", str(pack(image)))
        if done.returncode:
            raise LabError(f"{image.reference} cannot be imported: {done.stderr.strip()}")
        for name in pinned_names(image.reference):
            self._ctr("images", "tag", "--force", image.reference, name)

    def give_servers(self, *recipes: str) -> None:
        """Let it have the images of these recipes, as far as it lacks them. Raises LabError."""
        makers = SERVERS | HEAVY
        with FileLock(self.socket.with_name("images.lock"), mode=0o600):
            there = self._ctr("images", "list", "--quiet").stdout.split()
            for recipe in recipes:
                if recipe not in makers:
                    raise LabError(f"there is no image for `{recipe}` to ask for; there are {', '.join(makers)}")
                names = {public_name(recipe), *pinned_names(public_name(recipe))}
                if not names <= set(there):
                    self.give(makers[recipe]())

    def _ctr(self, *words: str) -> subprocess.CompletedProcess[str]:
        argv = [host.program("ctr"), "--address", str(self.socket), "--namespace", "k8s.io", *words]
        return subprocess.run(argv, capture_output=True, text=True, check=False)
