"""The words of the command line as sbatch(1) and scontrol(1) read them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from tests.sim.errors import SlurmError
from tests.sim.job import Request

_TIME = re.compile(r"(?:(\d+)-)?(\d+)(?::(\d+))?(?::(\d+))?")
_BEGIN = re.compile(r"now(?:\+(\d+)(?:seconds)?)?")
_SIGNAL = re.compile(r"B:USR1@(\d+)")
# Taken and not modelled: they decide nothing about when and where a job of the simulation runs.
_IGNORED = frozenset(
    {"parsable", "ignore-pbs", "export", "output", "chdir", "ntasks-per-node", "mem", "gres", "account", "constraint"}
    | {"reservation", "no-requeue", "open-mode", "wrap", "error", "kill-on-invalid-dep"}
)


def read_request(arguments: Sequence[str], script: str) -> Request:
    """What sbatch would submit. Raises SlurmError for what it does not know: the simulation then has to learn it."""
    fields: dict[str, Any] = {"script": script}
    for word in arguments:
        name, _, value = word.removeprefix("--").partition("=")
        if name not in _IGNORED:
            fields |= _option(name, value)
    return Request(**fields)


def _option(name: str, value: str) -> dict[str, Any]:
    match name:
        case "job-name":
            return {"name": value}
        case "comment" | "partition" | "qos":
            return {name: value}
        case "nodes":
            return {"nodes": int(value)}
        case "cpus-per-task":
            return {"cpus": int(value)}
        case "time":
            return {"limit": minutes(value)}
        case "begin":
            return {"delay": _delay(value)}
        case "signal":
            match = _SIGNAL.fullmatch(value)
            return {"warn": int(match[1])} if match else {}
        case "hold" | "requeue":
            return {name: True}
        case "dependency":
            return _dependency(value)
        case _:
            raise SlurmError(f"unrecognized option '--{name}'")


def _dependency(value: str) -> dict[str, Any]:
    words = value.split(",")
    ids = [number for word in words if word.startswith("afterany:") for number in word.split(":")[1:]]
    return {"after": frozenset(map(int, ids)), "singleton": "singleton" in words}


def _delay(value: str) -> int:
    match = _BEGIN.fullmatch(value)
    if match is None:
        raise SlurmError(f"Invalid --begin specification: {value}")
    return int(match[1] or 0)


def minutes(text: str) -> int | None:
    """A time limit, rounded up to minutes as Slurm keeps it; None for UNLIMITED."""
    match = _TIME.fullmatch(text)
    if match is None:
        if text.upper() in ("UNLIMITED", "INFINITE", "-1"):
            return None
        raise SlurmError(f"Invalid --time specification: {text}")
    days, *rest = match.groups()
    first, second, third = (int(part or 0) for part in rest)
    if days is not None:  # days-hours:minutes:seconds
        return int(days) * 1440 + first * 60 + second + (third > 0)
    if rest[2] is not None:  # hours:minutes:seconds
        return first * 60 + second + (third > 0)
    return first + (second > 0)  # minutes:seconds
