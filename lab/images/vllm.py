"""The public image of vLLM, but for vLLM itself: that is 5 GB, and comes as a volume where this machine has it."""

from __future__ import annotations

from pathlib import Path

from lab import host
from lab.images.image import Image, Link, Text, libraries, shell
from lab.images.pinned import public_name
from lab.images.python import libraries_of, python
from lab.vllm import vllm_folder

#: The image's own user (docs/deployment/docker.md of vLLM).
UID = 2000

_APPLETS = ("cat", "date", "env", "grep", "head", "id", "ls", "mkdir", "rm", "sleep", "test", "tr")
_PROGRAMS = ("curl", "lscpu")


def vllm() -> Image:
    """Python, and `vllm` as a link to where `lab.vllm.vllm_folder` is to be mounted, with the libraries that it needs.

    Raises LabError where that cannot be had.
    """
    folder = vllm_folder()
    programs = [Path(host.program(name)).resolve() for name in _PROGRAMS]
    needed = dict(libraries(sorted(folder.rglob("*.so*"))))
    system = {name: path for name, path in needed.items() if not path.is_relative_to(folder)}
    content = python()
    return Image(
        public_name("vllm"),
        {
            **shell(*_APPLETS),
            **{f"/usr/bin/{path.name}": path for path in programs},
            **dict(libraries(programs)),
            **content,
            **libraries_of(content),
            **system,
            "/usr/local/bin/vllm": Link(str(folder / "bin" / "vllm")),
            "/etc/passwd": Text(f"root:x:0:0::/root:/bin/sh\nvllm:x:{UID}:0::/nonexistent:/bin/sh\n"),
        },
        entrypoint=("vllm", "serve"),
        env={"LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"},
    )
