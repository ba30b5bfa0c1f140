"""A real Triton Inference Server for Slurm jobs without containers: the one inside the wheel of NVIDIA's PyTriton."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from shlex import quote

from lab import host
from lab.host import LabError
from lab.wheels import Wheel, program, unpacked

_WHEEL = Wheel("nvidia-pytriton==0.7.0", "21f063ff93bb426d0c06b7a55e7eb9efcfe62c0dddd9a908e9877e18710128df")
#: In the wheel.
SERVER = Path("pytriton/tritonserver")
_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
_NUMPY = "numpy==1.26.4"  # the backend was made for its layout; with NumPy 2 tensors are empty
_CONTENTS = "wheel"
_STUB = "triton_python_backend_stub"


def triton_programs() -> Path:
    """A folder with the program `tritonserver`, which needs no GPU and has the backend for models in Python.

    Such models are run by a Python of the version of this one: its shared library (Debian's `libpython3.11` and so on)
    is installed where it is missing. The server is fetched once (55 MB) and kept in the lab's cache.
    Raises LabError, also where the wheel is not for this machine (it is for x86-64 and glibc 2.35 or later).
    """
    return _folder() / "bin"


def triton_numpy() -> Path:
    """The folder that a model in Python puts on `sys.path` before all else, as the server's Python is isolated.

    Raises LabError, as `triton_programs`.
    """
    return _folder() / "python"


def triton_wheel() -> Path:
    """The folder with what is in the wheel, the server in `SERVER`. Raises LabError, as `triton_programs`."""
    return _folder() / _CONTENTS


def _folder() -> Path:
    host.install("triton")
    return unpacked(_WHEEL, _finish, name=f"triton-{_PYTHON}-{_WHEEL.sha256[:12]}")


def _finish(folder: Path, final: Path) -> None:
    for path in folder.rglob("*"):
        if path.parent.name == "bin" or path.name == _STUB:
            path.chmod(0o755)
    # Beside the backend, where it is looked for; a link, as it finds its libraries from where it really is.
    (folder / _CONTENTS / SERVER / "backends/python" / _STUB).symlink_to(
        f"../../python_backend_stubs/{_PYTHON}/{_STUB}"
    )
    argv = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--only-binary=:all:"]
    done = subprocess.run(
        [*argv, "--target", str(folder / "python"), _NUMPY], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise LabError(f"Triton's models need {_NUMPY}, which cannot be fetched: {done.stderr.strip()[-800:]}")
    server = final / _CONTENTS / SERVER
    words = f"exec {quote(str(server / 'bin/tritonserver'))} --backend-directory={quote(str(server / 'backends'))}"
    program(folder, "tritonserver", f'{words} "$@"')
