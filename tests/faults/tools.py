"""Slurm's commands as the daemon finds them, with tricks: each runs the real one unless a test says otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab import host
from lab.factory import Factory

COMMANDS = ("sbatch", "squeue", "scancel", "scontrol", "sacct", "sinfo", "sdiag")

#: Each call is noted before anything happens; a trick is shell text that may use `$real` and may end the program.
_WRAPPER = """\
#!/bin/bash
here={folder} name={name} real={real}
printf '%s %s\\n' "$EPOCHREALTIME" "${{*//$'\\n'/ }}" >>"$here/$name.calls"
[[ -e $here/$name.trick ]] && source "$here/$name.trick"
exec "$real" "$@"
"""


class Tools:
    """A folder of commands for `transport.bin`."""

    def __init__(self, factory: Factory) -> None:
        self._factory = factory
        self.folder = factory.folder / "tools"
        for name in COMMANDS:
            text = _WRAPPER.format(folder=self.folder, name=name, real=host.program(name))
            factory.put(self.folder / name, text, 0o755)

    def calls(self, name: str) -> list[tuple[float, str]]:
        """When (seconds since the epoch) and with which words a command was called."""
        path = self.folder / f"{name}.calls"
        lines = path.read_text(errors="replace").splitlines() if path.exists() else []
        return [(float(at), words) for at, _, words in (line.partition(" ") for line in lines)]

    def play(self, name: str, shell: str) -> None:
        """From now on a command does this first."""
        self._factory.put(self._trick(name), shell + "\n")

    def stop(self, name: str) -> None:
        """From now on a command is the real one again."""
        self._trick(name).unlink(missing_ok=True)

    @contextmanager
    def trick(self, name: str, shell: str) -> Iterator[None]:
        """A trick for as long as the block lasts."""
        self.play(name, shell)
        try:
            yield
        finally:
            self.stop(name)

    def once(self, name: str, shell: str) -> None:
        """A trick for the next call only, whichever comes first of those at the same time."""
        self.play(name, f'mv "$here/$name.trick" "$here/$name.played" 2>/dev/null || exec "$real" "$@"\n{shell}')

    def played(self, name: str) -> bool:
        """Whether the trick of `once` has been played."""
        return (self.folder / f"{name}.played").exists()

    def _trick(self, name: str) -> Path:
        return self.folder / f"{name}.trick"
