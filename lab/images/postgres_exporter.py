"""The public image `postgres-exporter:v0.19.1`, made from Debian's package of an older version (0.11)."""

from __future__ import annotations

from pathlib import Path

from lab import host
from lab.host import LabError
from lab.images.image import Image, Text, libraries, shell

REFERENCE = "quay.io/prometheuscommunity/postgres-exporter:v0.19.1"
UID = 65534

_PROGRAM = "prometheus-postgres-exporter"


def postgres_exporter() -> Image:
    """The program where the public image has it, on BusyBox as there. Raises LabError when it is not installed."""
    found = host.find(_PROGRAM)
    if found is None:
        raise LabError(f"{REFERENCE} is made from the Debian package {_PROGRAM}, which is not installed")
    program = Path(found)
    return Image(
        REFERENCE,
        {
            **shell("date", "sleep"),
            "/bin/postgres_exporter": program,
            **dict(libraries([program])),
            "/etc/passwd": Text(f"root:x:0:0::/root:/bin/sh\nnobody:x:{UID}:{UID}::/home:/bin/sh\n"),
            "/etc/group": Text(f"root:x:0:\nnobody:x:{UID}:\n"),
        },
        entrypoint=("/bin/postgres_exporter",),
        user="nobody",
    )
