"""A Python with which the lab's user can run Reconciler, wherever the clone and the interpreter are."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path
from secrets import token_hex

from lab import host
from lab.host import LabError
from lab.user import User

_ROOT = Path(__file__).parents[1]
_CODE = ("reconciler", "recipes")
_PROBE = "import sys, pydantic, reconciler; sys.exit(not reconciler.__file__.startswith(sys.argv[1]))"
_MODES = 0o755


def runtime_python(user: User | None) -> tuple[str, dict[str, str]]:
    """The present interpreter and clone where `user` may read them, otherwise copies in the cache folder.

    Returns the interpreter and what must be in its environment. Copies are made when the clone or the virtual
    environment lies in somebody's private folder; they are kept by the hash of their contents. Raises LabError
    when no Python of this version can be run by that user.
    """
    if _works(user, sys.executable, [_ROOT]):
        return sys.executable, _environment([_ROOT])
    copies = [_copy("code", _code()), _copy("packages", _packages())]
    for folder in (Path(sys.base_prefix) / "bin", Path("/usr/bin")):
        python = str(folder / f"python{sys.version_info.major}.{sys.version_info.minor}")
        if _works(user, python, copies):
            return python, _environment(copies)
    raise LabError(
        f"{user.name if user else 'this user'} can run neither {sys.executable} nor a system-wide Python with a copy of"
        f" its packages in {host.cache_dir()}; put the clone and its virtual environment where others may read them"
    )


def _works(user: User | None, python: str, path: list[Path]) -> bool:
    """Whether `user` can really import the project, and this copy of it."""
    argv = [python, "-c", _PROBE, str(path[0])]
    command = user.command(argv) if user else argv
    try:
        done = subprocess.run(command, cwd="/", env=_environment(path), capture_output=True, timeout=60, check=False)
    except FileNotFoundError:
        return False
    return done.returncode == 0


def _environment(path: list[Path]) -> dict[str, str]:
    """The import path; bytecode is not written, as the folders may belong to somebody else."""
    return {"PYTHONPATH": ":".join(map(str, path)), "PYTHONDONTWRITEBYTECODE": "1"}


def _code() -> list[Path]:
    return [_ROOT / name for name in _CODE if (_ROOT / name).exists()]


def _packages() -> list[Path]:
    folder = Path(sysconfig.get_paths()["purelib"])
    return [path for path in sorted(folder.iterdir()) if path.suffix != ".pth" and path.name != "__pycache__"]


def _copy(kind: str, sources: list[Path]) -> Path:
    """A folder in the cache that has copies of `sources`, made under another name and renamed when it is whole."""
    target = host.cache_dir() / f"runtime-{kind}-{_hash(sources)}"
    if target.exists():
        return target
    young = target.with_name(f".{target.name}-{token_hex(4)}")
    young.mkdir(mode=_MODES)
    ignore = shutil.ignore_patterns("__pycache__")
    for source in sources:
        if source.is_dir():
            shutil.copytree(source, young / source.name, ignore=ignore)
        else:
            shutil.copy2(source, young / source.name)
    for path in young.rglob("*"):
        path.chmod(path.stat().st_mode | (0o055 if path.is_dir() else 0o044))
    try:
        young.rename(target)
    except OSError:  # somebody else was faster
        shutil.rmtree(young)
    return target


def _hash(sources: Iterable[Path]) -> str:
    """Over names, sizes and times of all files: contents of some hundred megabytes are not read for it."""
    digest = hashlib.sha256(sys.version.encode())
    for source in sources:
        for path in sorted([source, *source.rglob("*")]):
            if path.is_file() and path.suffix != ".pyc":
                status = path.stat()
                digest.update(f"{path}\0{status.st_size}\0{status.st_mtime_ns}\0".encode())
    return digest.hexdigest()[:16]
