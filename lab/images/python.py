"""Python as content of images: the interpreter and its standard library of this machine, at its paths."""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Iterable, Mapping
from pathlib import Path

from lab.images.image import Link, libraries, tree

#: Where the standard library is; what lies there can be imported by whatever embeds this Python too.
STANDARD = sysconfig.get_path("stdlib")
_SKIP_STANDARD = (
    *("site-packages/*", "dist-packages/*", "test/*", "*/test/*", "*/tests/*", "*.opt-?.pyc"),
    *("idlelib/*", "lib2to3/*", "ensurepip/*", "tkinter/*", "config-*"),
)


def python() -> dict[str, Path | Link]:
    """The interpreter, which is `/usr/local/bin/python3` too, and the standard library without the shared libraries."""
    interpreter = Path(os.path.realpath(sys.executable))
    link = {"/usr/local/bin/python3": Link(str(interpreter))}
    return {str(interpreter): interpreter, **dict(tree(Path(STANDARD), STANDARD, skip=_SKIP_STANDARD)), **link}


def libraries_of(content: Mapping[str, object], *programs: Path) -> dict[str, Path]:
    """The shared libraries that programs, modules of Python and libraries in the content need, but for those in it."""
    files = [path for path in content.values() if isinstance(path, Path)]
    own = {path.resolve() for path in files}
    interpreter = Path(os.path.realpath(sys.executable))
    binaries: Iterable[Path] = {path for path in files if path == interpreter or ".so" in path.name} | set(programs)
    return {name: path for name, path in libraries(sorted(binaries)) if path not in own}
