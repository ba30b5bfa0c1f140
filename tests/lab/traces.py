"""What a lab has left on the machine, found without the lab's own means of finding it."""

from __future__ import annotations

from pathlib import Path


def traces(folder: Path) -> list[str]:
    """What is left of the lab in `folder`."""
    return [*processes(str(folder)), *mounts(str(folder)), *([str(folder)] if folder.exists() else [])]


def processes(word: str) -> list[str]:
    """Command lines of living processes that have `word` in their command line, environment or working folder."""
    return [line for folder in Path("/proc").glob("[0-9]*") if (line := _line_if(folder, word))]


def mounts(word: str) -> list[str]:
    """Mounts that have `word` in them."""
    return [line for line in Path("/proc/self/mountinfo").read_text().splitlines() if word in line]


def _line_if(process: Path, word: str) -> str:
    try:
        if ") Z " in (process / "stat").read_text():
            return ""
        line = (process / "cmdline").read_text(errors="replace").replace("\0", " ")
        said = line + (process / "environ").read_text(errors="replace") + str((process / "cwd").readlink())
    except OSError:
        return ""
    return line if word in said else ""
