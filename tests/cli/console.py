"""The installed command, as a person or a script starts it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PROGRAM = Path(sys.executable).parent / "reconciler"


def run(*argv: str | Path, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run it to its end, in a plain environment."""
    plain = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HOME": "/nonexistent"}
    return subprocess.run(
        [PROGRAM, *argv],
        cwd=cwd,
        env=plain | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def answer(code: int, *argv: str | Path, cwd: Path | None = None) -> str:
    """What it prints (to a person, when it ends with 2), which ends with `code`."""
    done = run(*argv, cwd=cwd)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stderr if code == 2 else done.stdout


def write(root: Path, files: dict[str, str | bytes]) -> Path:
    """A folder with files."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return root
