"""Slurm's commands as the daemon finds them, with tricks: each runs the real one unless a test says otherwise."""

from __future__ import annotations

import shlex
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
shopt -s nullglob
for trick in "$here/$name".trick*; do source "$trick"; done
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
        # Not splitlines: squeue's format has control characters that count as ends of lines.
        lines = path.read_text(errors="replace").split("\n")[:-1] if path.exists() else []
        return [(float(at), words) for at, _, words in (line.partition(" ") for line in lines)]

    def play(self, name: str, shell: str, word: str = "") -> None:
        """From now on a command does this first; tricks with different words stand beside each other."""
        self._factory.put(self._trick(name, word), shell + "\n")

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

    def once(self, name: str, word: str, shell: str) -> None:
        """A trick for the first call that has `word` among its arguments; for any call when it is empty."""
        claim = f'[[ " $* " == *{shlex.quote(word)}* ]] && mv "$trick" "$here/played-$name{word}" 2>/dev/null'
        self.play(name, f"if {claim}; then\n{shell}\nfi", word)

    def played(self, name: str, word: str) -> bool:
        """Whether the trick of `once` has been played."""
        return (self.folder / f"played-{name}{word}").exists()

    def _trick(self, name: str, word: str = "") -> Path:
        return self.folder / f"{name}.trick{word}"
