"""Container images without a registry: folders and files of this machine, packed as one layer.

An Image lists what goes where; `pack` writes it in the format of `docker save`, which `ctr images import` reads
(containerd's docker archive importer). The same content gives the same layer, and thus the same image id. Archives
are kept in the cache by the hash of what is in them.
"""

from __future__ import annotations

import hashlib
import io
import json
import platform
import re
import secrets
import subprocess
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from lab import host

_EPOCH = "1970-01-01T00:00:00Z"
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}
_BLOCK = 1 << 20
_KEY = 24
_KEPT = 3
#: Debian since 12 has these as links into /usr, and paths of programs and libraries rely on it.
_MERGED = {"bin": "usr/bin", "sbin": "usr/sbin", "lib": "usr/lib", "lib64": "usr/lib64", "var/run": "/run"}


@dataclass(frozen=True, slots=True)
class Text:
    """A file made from text, in UTF-8."""

    content: str
    mode: int = 0o644


@dataclass(frozen=True, slots=True)
class Folder:
    """An empty folder."""

    mode: int = 0o755
    uid: int = 0


@dataclass(frozen=True, slots=True)
class Link:
    """A symbolic link."""

    target: str


@dataclass(frozen=True, slots=True)
class Image:
    """What an image holds and how it starts. Keys of `content` are paths inside; a Path is a file of this machine."""

    reference: str
    content: Mapping[str, Path | Text | Folder | Link]
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    user: str = ""
    stop_signal: str = "SIGTERM"

    def config(self) -> dict[str, object]:
        """The part of the image's configuration that says how it starts (OCI image specification, config.md)."""
        return {
            "Entrypoint": list(self.entrypoint),
            "Cmd": list(self.command),
            "Env": [f"{name}={value}" for name, value in ({"PATH": _PATH} | dict(self.env)).items()],
            "User": self.user,
            "WorkingDir": "/",
            "StopSignal": self.stop_signal,
        }


def pack(image: Image) -> Path:
    """The archive of an image, from the cache when it is there."""
    folder = host.cache_dir() / "images"
    folder.mkdir(mode=0o755, exist_ok=True)
    name = re.sub(r"[^a-z0-9]+", "-", image.reference.lower())
    archive = folder / f"{name}-{_key(image)}.tar"
    if not archive.exists():
        draft = archive.with_suffix(f".{secrets.token_hex(4)}.draft")
        layer = draft.with_suffix(".layer")
        try:
            _write_layer(image, layer)
            _write_archive(image, layer, draft)
            draft.rename(archive)
        finally:
            layer.unlink(missing_ok=True)
            draft.unlink(missing_ok=True)
        _forget_old(folder, name)
    return archive


def _forget_old(folder: Path, name: str) -> None:
    """Keep the last few archives of an image: other checkouts use the same cache."""
    known = sorted(folder.glob(f"{name}-{'?' * _KEY}.tar"), key=lambda path: path.stat().st_mtime)
    for path in known[:-_KEPT]:
        path.unlink(missing_ok=True)


def tree(folder: Path, inside: str, *, skip: Iterable[str] = ()) -> Iterator[tuple[str, Path]]:
    """All files below a folder of this machine as content below `inside`, but for those that `skip` names.

    Its patterns are those of fnmatch, of whole paths below the folder; an asterisk matches slashes too.
    """
    patterns = tuple(skip)
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.is_file() and not any(fnmatchcase(str(name), pattern) for pattern in patterns):
            yield f"{inside}/{name}", path


def libraries(programs: Iterable[Path]) -> Iterator[tuple[str, Path]]:
    """The shared libraries that programs or other libraries need, the loader among them, as ldd(1) finds them."""
    argv = [host.program("ldd"), *map(str, programs)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)  # it fails on files that need none
    for found in sorted(set(re.findall(r"(/\S+) \(0x", done.stdout))):
        path = Path(found)
        yield str(path.parent.resolve() / path.name), path.resolve()


def shell(*applets: str) -> dict[str, Path | Text | Folder | Link]:
    """BusyBox as the shell and as the named programs, on an otherwise empty system."""
    links = {f"/usr/bin/{applet}": Link("busybox") for applet in ("sh", *applets)}
    return {"/usr/bin/busybox": Path(host.program("busybox")), **links, "/tmp": Folder(0o1777), "/run": Folder()}


def _key(image: Image) -> str:
    """Changes whenever the image would: files count by path, size and time."""
    digest = hashlib.sha256(json.dumps([image.reference, image.config()]).encode())
    for inside, what in sorted(_complete(image).items()):
        detail = (what.stat().st_size, what.stat().st_mtime_ns) if isinstance(what, Path) else ()
        digest.update(f"{inside}\0{what}\0{detail}\n".encode())
    return digest.hexdigest()[:_KEY]


def _complete(image: Image) -> dict[str, Path | Text | Folder | Link]:
    """The content under its real paths, with the folders above and the links of a merged /usr."""
    content = {_real(inside): what for inside, what in image.content.items()}
    above = {str(parent) for inside in content for parent in PurePosixPath(inside).parents} - {"."}
    links = {name: Link(target) for name, target in _MERGED.items()}
    folders = {name: Folder() for name in above | {"usr/bin", "usr/sbin", "usr/lib", "usr/lib64", "var", "run", "etc"}}
    return {**folders, **links, **content}


def _real(inside: str) -> str:
    """A path below the root, with a merged folder in it resolved."""
    name = inside.strip("/")
    for merged, target in _MERGED.items():
        if name.startswith(f"{merged}/"):
            return target.strip("/") + name.removeprefix(merged)
    return name


def _write_layer(image: Image, path: Path) -> None:
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT, dereference=True) as layer:
        for inside, what in sorted(_complete(image).items()):
            match what:
                case Path():
                    with what.open("rb") as file:
                        # The time stays: compiled Python files are only used when it is that of their source.
                        layer.addfile(
                            _member(
                                inside,
                                what.stat().st_mode & 0o755,
                                time=int(what.stat().st_mtime),
                                size=what.stat().st_size,
                            ),
                            file,
                        )
                case Text(content, mode):
                    data = content.encode()
                    layer.addfile(_member(inside, mode, size=len(data)), io.BytesIO(data))
                case Folder(mode, uid):
                    layer.addfile(_member(inside, mode, kind=tarfile.DIRTYPE, uid=uid))
                case Link(target):
                    layer.addfile(_member(inside, 0o777, kind=tarfile.SYMTYPE, target=target))


def _member(
    name: str, mode: int, *, kind: bytes = tarfile.REGTYPE, size: int = 0, time: int = 0, uid: int = 0, target: str = ""
) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.mode, member.type, member.size, member.mtime, member.linkname = mode, kind, size, time, target
    member.uid = member.gid = uid
    return member


def _write_archive(image: Image, layer: Path, path: Path) -> None:
    """The layer, the configuration that names it, and the manifest that names both and the reference."""
    digest = _digest(layer)
    config = json.dumps(
        {
            "architecture": _MACHINES.get(platform.machine(), platform.machine()),
            "os": "linux",
            "created": _EPOCH,
            "config": image.config(),
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
            "history": [{"created": _EPOCH}],
        },
        sort_keys=True,
    ).encode()
    name = f"{hashlib.sha256(config).hexdigest()}.json"
    parts = [{"Config": name, "RepoTags": [image.reference], "Layers": [f"{digest}/layer.tar"]}]
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as archive, layer.open("rb") as file:
        for inside, data in ((name, config), ("manifest.json", json.dumps(parts).encode())):
            archive.addfile(_member(inside, 0o644, size=len(data)), io.BytesIO(data))
        archive.addfile(_member(f"{digest}/layer.tar", 0o644, size=layer.stat().st_size), file)


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
