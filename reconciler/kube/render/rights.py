"""PURE. What a repository must not ask for by an object or a patch of its own.

That is what Pod Security `baseline` forbids (https://kubernetes.io/docs/concepts/security/pod-security-standards/), an
account that the operator has not allowed, a place before all others (`system-node-critical`), and addresses that are
not the service's (`externalIPs`, CVE-2020-8554). It is looked for by the names of fields wherever they stand, so that
it is found in custom resources as well.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any

from reconciler.kube.kinds import CONFIG_MAP, Object, full_name

_CAPABILITIES = frozenset(
    {
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "MKNOD",
        "NET_BIND_SERVICE",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_CHROOT",
    }
)


def _more_capabilities(value: Any) -> bool:
    added = value.get("add") if isinstance(value, dict) else None
    return isinstance(added, list) and any(one not in _CAPABILITIES for one in added)


def _unconfined(value: Any) -> bool:
    return isinstance(value, dict) and value.get("type") == "Unconfined"


def _before_all(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("system-")


def _is_true(value: Any) -> bool:
    return value is True


def _is_there(value: Any) -> bool:
    return value not in (None, "", 0, [], {})


#: Field → whether its value asks for too much.
_FORBIDDEN: dict[str, Callable[[Any], bool]] = {
    "hostNetwork": _is_true,
    "hostPID": _is_true,
    "hostIPC": _is_true,
    "hostProcess": _is_true,
    "privileged": _is_true,
    "hostPath": _is_there,
    "hostPort": _is_there,
    "sysctls": _is_there,
    "externalIPs": _is_there,
    "capabilities": _more_capabilities,
    "seccompProfile": _unconfined,
    "appArmorProfile": _unconfined,
    "priorityClassName": _before_all,
    "procMount": lambda value: value not in (None, "Default"),
}
_ACCOUNT = ("serviceAccountName", "serviceAccount")


def too_much(item: Object, accounts: Collection[str]) -> str:
    """The first field that asks for too much, as a JSON pointer; "" when there is none. `accounts` are allowed."""
    if full_name(item) == CONFIG_MAP.full:
        return ""
    return next(_asked("", item, accounts), "")


def _asked(pointer: str, value: Any, accounts: Collection[str]) -> Iterator[str]:
    if isinstance(value, dict):
        for key, below in value.items():
            place = f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}"
            account = key in _ACCOUNT and isinstance(below, str) and below not in accounts
            if account or (key in _FORBIDDEN and _FORBIDDEN[key](below)):
                yield place
            yield from _asked(place, below, accounts)
    elif isinstance(value, list):
        for index, below in enumerate(value):
            yield from _asked(f"{pointer}/{index}", below, accounts)
