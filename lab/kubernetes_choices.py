"""How the control plane of a lab is set, where a test or a person wants it otherwise than usual."""

from __future__ import annotations

import os
from dataclasses import dataclass

from lab.host import LabError

#: Minor version → the version that is built. The first one is used unless another is asked for.
VERSIONS = {"1.36": "1.36.2", "1.34": "1.34.4"}
VARIABLE = "RECONCILER_LAB_KUBERNETES"


@dataclass(frozen=True, slots=True)
class ServerChoices:
    """Choices for etcd and the API server.

    `version`: a minor version in VERSIONS; "": what $RECONCILER_LAB_KUBERNETES says, or the usual one.
    `audit`: every write, and every request of the accounts under test, is logged (`KubernetesFacts.audit`).
    `event_ttl`: how long events are kept, such as `10s`; "": an hour.
    `quota`: bytes that etcd's store may have; writes fail when it is full (alarm NOSPACE). 0: etcd's own default.
    `admission`: admission plugins beside the default ones.
    """

    version: str = ""
    audit: bool = False
    event_ttl: str = ""
    quota: int = 0
    admission: tuple[str, ...] = ()


def minor(asked: str = "") -> str:
    """The minor version that is meant: `asked`, or that of $RECONCILER_LAB_KUBERNETES, or the usual one.

    Raises LabError for one that there is no recipe for.
    """
    wanted = asked or os.environ.get(VARIABLE) or next(iter(VERSIONS))
    if wanted not in VERSIONS:
        raise LabError(f"{VARIABLE} is {wanted}; there are {', '.join(VERSIONS)}")
    return wanted


def version(asked: str = "") -> str:
    """The whole version that is meant. Raises LabError as `minor` does."""
    return VERSIONS[minor(asked)]
