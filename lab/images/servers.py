"""The public images of Chroma, Triton, MinIO and SeaweedFS, made from the servers of `lab.servers`.

Each is called what its recipe calls it, and has its server, a shell, grep and curl where the public one has them.
"""

from __future__ import annotations

from pathlib import Path

from lab import host
from lab.images.image import Folder, Image, Link, Text, libraries, shell, tree
from lab.images.pinned import public_name
from lab.images.python import STANDARD, libraries_of, python
from lab.servers import chroma_library, chroma_script, minio_programs, seaweedfs_programs
from lab.triton import SERVER, triton_numpy, triton_wheel

Content = dict[str, Path | Text | Folder | Link]

_APPLETS = (*("cat", "date", "echo", "env", "grep", "head", "id", "ls", "mkdir", "rm", "sleep", "test", "tr", "wget"),)
_PROGRAMS = ("curl", "printenv")  # BusyBox has no curl, and Debian's no printenv
_WHEEL = "/opt/wheel"
_TRITON = "/opt/tritonserver"
_TRITON_PATH = f"{_TRITON}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# What belongs to the other versions of Python; the stub of this one is a file beside the backend as well.
_SKIP_TRITON = ("*.py[ci]", "pytriton/[!t]*", "pytriton/tritonserver/python_backend_stubs/*", "*.dist-info/*")
_SKIP_NUMPY = ("*/tests/*", "*.pyi", "*.h", "*.a", "bin/*")


def chroma() -> Image:
    """Debian with curl, the program in /usr/local/bin (rust/Dockerfile of chroma-core/chroma, stage `cli`).

    Raises LabError, as all here, where the server cannot be had.
    """
    library = "/opt/chroma"
    content = {**python(), **dict(tree(chroma_library(), library, skip=("*.pyc",)))}
    own: Content = {"/usr/local/bin/chroma": Text(f"#!/bin/sh\n{chroma_script(library)}\n", 0o755)}
    return Image(
        public_name("chroma"),
        {**_system(), **content, **libraries_of(content), **own},
        entrypoint=("chroma",),
        env={"LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"},
    )


def triton() -> Image:
    """Everything below /opt/tritonserver, with the backend for models in Python and the numpy that they import.

    The server starts such models with bash.
    """
    wheel = dict(tree(triton_wheel(), _WHEEL, skip=_SKIP_TRITON))
    content = {**python(), **wheel, **dict(tree(triton_numpy(), STANDARD, skip=_SKIP_NUMPY))}
    programs = [path for name, path in wheel.items() if "/bin/" in name or name.endswith("_stub")]
    return Image(
        public_name("triton"),
        {**_system("bash"), **content, **libraries_of(content, *programs), _TRITON: Link(f"{_WHEEL}/{SERVER}")},
        command=("tritonserver",),
        env={"PATH": _TRITON_PATH, "LANG": "C.UTF-8"},
    )


def minio() -> Image:
    """One static program, its data in /data."""
    return _static("minio", minio_programs() / "minio")


def seaweedfs() -> Image:
    """Likewise."""
    return _static("seaweedfs", seaweedfs_programs() / "weed")


def _static(recipe: str, program: Path) -> Image:
    own: Content = {f"/usr/bin/{program.name}": program, "/data": Folder(0o1777)}
    return Image(public_name(recipe), {**_system(), **own}, command=(program.name,))


def _system(*more: str) -> Content:
    """What all of them have, and more programs of this machine."""
    programs = [Path(host.program(name)).resolve() for name in (*_PROGRAMS, *more)]
    return {**shell(*_APPLETS), **{f"/usr/bin/{one.name}": one for one in programs}, **dict(libraries(programs))}
