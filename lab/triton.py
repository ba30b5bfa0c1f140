"""A real Triton Inference Server for Slurm jobs without containers: the one inside the wheel of NVIDIA's PyTriton."""

from __future__ import annotations

import sys
from pathlib import Path
from shlex import quote

from lab.wheels import Wheel, program, unpacked

_WHEEL = Wheel("nvidia-pytriton==0.7.0", "21f063ff93bb426d0c06b7a55e7eb9efcfe62c0dddd9a908e9877e18710128df")
_SERVER = Path("wheel/pytriton/tritonserver")
_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
_STUB = "triton_python_backend_stub"


def triton_programs() -> Path:
    """A folder with the program `tritonserver`, which needs no GPU and has the backend for models in Python.

    Such models are run by a Python of the version of this one: its shared library must be installed (on Debian,
    `libpython3.11` and so on), and NumPy be on PYTHONPATH. It is fetched once (55 MB) and kept in the lab's cache.
    Raises LabError, also where the wheel is not for this machine (it is for x86-64 and glibc 2.35 or later).
    """
    return unpacked(_WHEEL, _finish, name=f"triton-{_PYTHON}-{_WHEEL.sha256[:16]}") / "bin"


def _finish(folder: Path, final: Path) -> None:
    for path in folder.rglob("*"):
        if path.parent.name == "bin" or path.name == _STUB:
            path.chmod(0o755)
    # Beside the backend, where it is looked for; a link, as it finds its libraries from where it really is.
    (folder / _SERVER / "backends/python" / _STUB).symlink_to(f"../../python_backend_stubs/{_PYTHON}/{_STUB}")
    server = final / _SERVER
    words = f"exec {quote(str(server / 'bin/tritonserver'))} --backend-directory={quote(str(server / 'backends'))}"
    program(folder, "tritonserver", f'{words} "$@"')
