"""The last lines that a job wrote, for people. Values of secrets are taken out, whatever the program printed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from reconciler.models.output import Output
from reconciler.models.text import visible
from reconciler.models.workload import Phase, Workload
from reconciler.settings import Folders
from reconciler.slurm import mark as marks
from reconciler.slurm.plain import read_part, read_plain

#: What is shown at most.
LINES = 20
BYTES = 4096
#: What one reading of the log gives at most, in bytes.
PAGE = 262_144
#: How much of a secret's file is known, and how short a value is not worth hiding (it would be found everywhere).
_SECRET = 65_536
_SHORTEST = 4

_JOB_ID = re.compile(r"\d{1,10}", re.ASCII)
_BLANK = b"\xff"  # stands for a byte of a secret; it is in no UTF-8 text


class JobOutput:
    """Reads the logs of one target, a folder that its nodes share. Called with a workload; "" where nothing is found.

    The text has at most LINES lines and BYTES bytes; `read` gives more, to follow what is written. Control characters
    are written out, and each value that is below the folder of secrets (the whole of a file, or a line of it; as it is
    or as in a URL) is replaced by `***`.
    """

    def __init__(self, folders: Folders) -> None:
        self._folders = folders

    def __call__(self, workload: Workload) -> str:
        """The end of `<logs>/<job name>-<job id>.out`."""
        path = self._path(workload)
        data = read_plain(path, BYTES + _SECRET, tail=True) if path else b""
        safe = _without(data, self._secrets())[-BYTES:]
        return _text(safe, cut=len(data) > BYTES, lines=LINES, size=BYTES)

    def read(self, workload: Workload, lines: int, start: int | None) -> Output:
        """The last `lines` lines, or all from byte `start` on; at most PAGE bytes; whole lines only while it runs."""
        path = self._path(workload)
        if path is None:
            return Output()
        # What comes before is read too, so that a secret is known that begins there.
        wanted = None if start is None else max(0, start - _SECRET)
        data, begin = read_part(path, PAGE + _SECRET, wanted)
        first = _first(start, begin, wanted)
        end = len(data) if workload.phase is Phase.ENDED else data.rfind(b"\n") + 1
        if end <= first and len(data) - first >= PAGE:
            end = len(data) - _SECRET  # a line without end; of what is kept back, a secret may not be whole yet
        first = min(max(first, end - PAGE), len(data)) if start is None else first
        end = max(end, first)
        safe = _without(data, self._secrets())[first:end]
        text = _text(safe, cut=start is None and first > 0, lines=PAGE if start is not None else lines, size=PAGE)
        return Output(text, begin + end)

    def _path(self, workload: Workload) -> Path | None:
        name = marks.job_name(workload.mark.service, workload.mark.replica)
        if not _JOB_ID.fullmatch(workload.id) or marks.service_of(name) is None:
            return None
        return self._folders.logs / f"{name}-{workload.id}.out"

    def _secrets(self) -> set[bytes]:
        """All that must not be shown. A file that this account cannot read cannot have been read by its jobs."""
        folder = self._folders.secrets
        files = folder.glob("*/*") if folder else ()
        return {value for file in files for value in _values(_head(file, _SECRET)) if len(value) >= _SHORTEST}


def _values(content: bytes) -> Iterator[bytes]:
    for value in (content.strip(), *(line.strip() for line in content.splitlines())):
        yield value
        yield quote(value, safe="").encode()


def _without(data: bytes, secrets: set[bytes]) -> bytes:
    """The bytes with those of secrets blanked. Each is looked for in the whole, as two may overlap."""
    data = data.replace(_BLANK, b"?")
    blanked = bytearray(data)
    for secret in secrets:
        at = data.find(secret)
        while at >= 0:
            blanked[at : at + len(secret)] = _BLANK * len(secret)
            at = data.find(secret, at + 1)
    return bytes(blanked)


def _first(start: int | None, begin: int, wanted: int | None) -> int:
    """Where in data that begins at `begin` that lies which is to be shown."""
    if start is None:
        return _SECRET if begin else 0
    return start - begin if begin == wanted else 0


def _text(data: bytes, *, cut: bool, lines: int, size: int) -> str:
    """The last lines, each as a terminal would leave it: of a line that was written over, what was written last."""
    text = re.sub(_BLANK + b"+", b"***", data).decode("utf-8", "replace")
    found = text.rstrip().split("\n")
    if cut and len(found) > 1:
        del found[0]
    shown = (visible(line.rstrip("\r").rpartition("\r")[2].expandtabs(4).rstrip()) for line in found[-lines:])
    return "\n".join(shown).encode()[-size:].decode("utf-8", "ignore")


def _head(path: Path, size: int) -> bytes:
    """The first bytes of a plain file, also behind a link: the folder of secrets is the operator's own."""
    try:
        if not path.is_file():
            return b""
        with path.open("rb") as stream:
            return stream.read(size)
    except OSError:
        return b""
