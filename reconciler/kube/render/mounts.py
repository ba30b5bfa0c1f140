"""PURE. Claims that a service finds → volumes and mounts of its pods."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.kube.kinds import Object
from reconciler.models.kubernetes import Mount

_NAME = "reconciler-mount"


def found_volumes(mounts: Sequence[Mount]) -> list[Object]:
    """One volume for each claim; it can be written to where one of its mounts says so."""
    written = {mount.claim for mount in mounts if not mount.read_only}
    return [
        {
            "name": name,
            "persistentVolumeClaim": {"claimName": claim, **({} if claim in written else {"readOnly": True})},
        }
        for claim, name in _names(mounts).items()
    ]


def found_mounts(mounts: Sequence[Mount]) -> list[Object]:
    """Where each of them is inside the container."""
    names = _names(mounts)
    return [
        {
            "name": names[mount.claim],
            "mountPath": mount.path,
            **({"subPath": mount.sub_path} if mount.sub_path else {}),
            **({"readOnly": True} if mount.read_only else {}),
        }
        for mount in mounts
    ]


def _names(mounts: Sequence[Mount]) -> dict[str, str]:
    """Claim → volume."""
    claims = dict.fromkeys(mount.claim for mount in mounts)
    return {claim: f"{_NAME}-{number}" for number, claim in enumerate(claims)}
