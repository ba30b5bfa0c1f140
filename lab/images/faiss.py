"""The image of the FAISS server, made from this Python, its installed packages and reconciler.faiss_server."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator
from fnmatch import fnmatchcase
from importlib.metadata import Distribution, PackageNotFoundError
from pathlib import Path

from packaging.requirements import Requirement

from lab import host
from lab.host import LabError
from lab.images.image import Folder, Image, Text, libraries, shell, tree
from lab.images.python import libraries_of, python

REFERENCE = "ghcr.io/reconciler/faiss-server:0.1.0"
UID = 1000

_PACKAGES = ("faiss-cpu", "fastapi", "numpy", "prometheus-client", "pydantic", "uvicorn")
#: With curl, for recipes of tests whose first request is asked by it.
_APPLETS = ("cat", "date", "env", "head", "id", "ls", "sleep", "touch", "tr")
_PROGRAMS = ("curl", "printenv")
_PLACE = "/opt/faiss-server"
_REPOSITORY = Path(__file__).parents[2]
_SKIP_PACKAGE = ("*/tests/*", "*.opt-?.pyc", "*.pyi", "*.h", "*.a")


def faiss_server() -> Image:
    """Everything at the paths of this machine, but for the packages; it starts as an ordinary user.

    Raises LabError when a package of the extra `faiss` is not installed.
    """
    packages = {name: path for package in sorted(_closure(_PACKAGES)) for name, path in _files(package)}
    content = {**python(), **packages}
    server = _REPOSITORY / "reconciler"
    programs = [Path(host.program(name)).resolve() for name in _PROGRAMS]
    return Image(
        REFERENCE,
        {
            **shell(*_APPLETS),
            **{f"/usr/bin/{path.name}": path for path in programs},
            **dict(libraries(programs)),
            **content,
            **libraries_of(content),
            f"{_PLACE}/reconciler/__init__.py": server / "__init__.py",
            **dict(tree(server / "faiss_server", f"{_PLACE}/reconciler/faiss_server", skip=("*.pyc",))),
            "/etc/passwd": Text(f"root:x:0:0::/root:/bin/sh\nfaiss:x:{UID}:{UID}::/nonexistent:/bin/sh\n"),
            "/etc/group": Text(f"root:x:0:\nfaiss:x:{UID}:\n"),
            "/var/lib/faiss": Folder(0o755, UID),
        },
        entrypoint=("python3", "-m", "reconciler.faiss_server"),
        env={"PYTHONPATH": _PLACE, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1", "LANG": "C.UTF-8"},
        user=f"{UID}:{UID}",
    )


def _closure(names: tuple[str, ...]) -> set[str]:
    """The named distributions and all that they need on this machine, in any order."""
    found: set[str] = set()
    rest = list(names)
    while rest:
        name = rest.pop()
        if name not in found:
            found.add(name)
            wanted = (Requirement(line) for line in _distribution(name).requires or ())
            rest += [need.name.lower() for need in wanted if not need.marker or need.marker.evaluate({"extra": ""})]
    return found


def _files(name: str) -> Iterator[tuple[str, Path]]:
    """Files of a distribution as content of the image; scripts, which lie outside of the packages, are left out."""
    for file in _distribution(name).files or ():
        if ".." not in file.parts and not any(fnmatchcase(str(file), pattern) for pattern in _SKIP_PACKAGE):
            path = Path(str(file.locate()))
            if path.is_file():
                yield f"{_PLACE}/{file}", path


def _distribution(name: str) -> Distribution:
    try:
        return importlib.metadata.distribution(name)
    except PackageNotFoundError:
        raise LabError(f"{REFERENCE} needs the Python package {name}: pip install 'reconciler[faiss]'") from None
