"""Typed text: durations, quantities, cron lines, names. Parsed when read, so that nothing later meets a wrong one."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

from cronsim import CronSim, CronSimError
from pydantic import AfterValidator, BeforeValidator, PlainSerializer, StringConstraints, WithJsonSchema

_DURATION = re.compile(r"(?:(?P<d>\d+)d)?(?:(?P<h>\d+)h)?(?:(?P<m>\d+)m)?(?:(?P<s>\d+)s)?")
_DAY = 86_400
_YEARS_TEN = 10 * 365 * _DAY
_QUANTITY = re.compile(r"(?P<number>\d+)(?P<unit>|k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)")
_FACTORS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "P": 10**15} | {
    "Ki": 2**10,
    "Mi": 2**20,
    "Gi": 2**30,
    "Ti": 2**40,
    "Pi": 2**50,
}
#: Bytes; sums of some of these still are numbers for bash and for Kubernetes, which count up to 2^63.
_LARGEST = 2**60


def parse_duration(text: object) -> timedelta:
    """`90s`, `30m`, `24h`, `2d`, `1h30m` → timedelta. Raises ValueError otherwise."""
    if isinstance(text, timedelta):
        return text
    match = _DURATION.fullmatch(text) if isinstance(text, str) and text.isascii() and len(text) <= 32 else None
    if match is None or not text:
        raise ValueError("a duration such as 90s, 30m, 24h, 2d or 1h30m")
    days, hours, minutes, seconds = (int(match[unit] or 0) for unit in "dhms")
    total = days * _DAY + hours * 3600 + minutes * 60 + seconds
    if not 0 < total <= _YEARS_TEN:
        raise ValueError("a duration longer than nothing and at most ten years")
    return timedelta(seconds=total)


def format_duration(value: timedelta) -> str:
    """The shortest text that `parse_duration` reads back as `value` (whole seconds)."""
    rest, text = round(value.total_seconds()), ""
    for unit, size in (("d", _DAY), ("h", 3600), ("m", 60), ("s", 1)):
        count, rest = divmod(rest, size)
        text += f"{count}{unit}" if count else ""
    return text or "0s"


def rough_duration(value: timedelta) -> str:
    """A duration for people: whole seconds below an hour, whole minutes above; "0s" for a negative one."""
    seconds = max(0, int(value.total_seconds()))
    return format_duration(timedelta(seconds=seconds if seconds < 3600 else seconds - seconds % 60))


def parse_quantity(text: object) -> str:
    """`512Mi`, `64Gi`, `1000000` → the same text, checked (bytes). Raises ValueError otherwise."""
    text = str(text) if isinstance(text, int) and not isinstance(text, bool) else text
    match = _QUANTITY.fullmatch(text) if isinstance(text, str) and text.isascii() and len(text) <= 20 else None
    if match is None or not isinstance(text, str) or not int(match["number"]):
        raise ValueError("a size in bytes such as 512Mi, 64Gi or 2T")
    if quantity_bytes(text) > _LARGEST:
        raise ValueError("a size of at most 1024Pi")
    return text


def quantity_bytes(text: str) -> int:
    """The number of bytes that a checked quantity means."""
    match = _QUANTITY.fullmatch(text)
    if match is None:
        raise ValueError("a size in bytes such as 512Mi, 64Gi or 2T")
    return int(match["number"]) * _FACTORS[match["unit"]]


def parse_cron(text: str) -> str:
    """Five cron fields → the same text, checked. Raises ValueError otherwise."""
    if len(text) > 100 or len(text.split()) != 5:
        raise ValueError("five cron fields, such as `0 8 * * 1-5`")
    try:
        CronSim(text, datetime(2000, 1, 1, tzinfo=UTC))
    except CronSimError as error:
        raise ValueError("five cron fields, such as `0 8 * * 1-5`") from error
    return text


Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^(\d+d)?(\d+h)?(\d+m)?(\d+s)?$", "examples": ["30m", "24h"]}),
]
Quantity = Annotated[
    str,
    BeforeValidator(parse_quantity),
    WithJsonSchema({"type": ["string", "integer"], "pattern": "^[0-9]+([kMGTP]|[KMGTP]i)?$", "examples": ["64Gi"]}),
]
Cron = Annotated[str, AfterValidator(parse_cron)]

_NAME = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
_SERVICE_NAME = r"^[a-z]([-a-z0-9]*[a-z0-9])?$"
_OBJECT_NAME = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
_ENV_NAME = r"^[A-Za-z_][A-Za-z0-9_]*$"
_LINE = r"^[^\x00-\x1f\x7f]*$"
_WORD = r"^[A-Za-z0-9_][A-Za-z0-9_.,:+@/&|*()\[\]-]*$"
_POINTER = r"^(/([^~/]|~[01])*)+$"
_PERCENT = r"^(100|[1-9]?[0-9])%$"
#: Patterns of a recipe's words.
HEADER_NAME = r"^[A-Za-z0-9-]{1,64}$"
PATH = r"^/[A-Za-z0-9_./%-]*$"
SERVICE_PATH = r"^[A-Za-z0-9_./-]*$"
IMAGE = (
    r"^[a-z0-9]+([._-]+[a-z0-9]+)*(:[0-9]{1,5})?(/[a-z0-9]+([._-]+[a-z0-9]+)*)*"
    r"(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(@sha256:[0-9a-f]{64})?$"
)
CONDITION = r"^(config\.[a-z][A-Za-z0-9]*|resources\.gpus)$"
#: What chooses services: a pattern of names, a label.
NAMES = r"^[-a-z0-9*?]*$"
LABEL = r"^!?[A-Za-z0-9./_-]+$|^[A-Za-z0-9./_-]+!?=[A-Za-z0-9._-]*$"

#: What each pattern asks for, in words for error messages.
PATTERN_WORDS = {
    _NAME: "a DNS-1123 label: small letters, digits and `-`, with a letter or digit at both ends",
    _SERVICE_NAME: "a DNS-1123 label: small letters, digits and `-`, with a letter first and no `-` last",
    _OBJECT_NAME: "a DNS-1123 subdomain: small letters, digits, `-` and `.`, with a letter or digit at both ends",
    _ENV_NAME: "a name of an environment variable: letters, digits and `_`, not beginning with a digit",
    _LINE: "one line of text without control characters",
    _WORD: "one word: letters, digits and _ . , : + @ / & | * ( ) [ ] -, beginning with a letter, a digit or _",
    _POINTER: "a JSON pointer such as /spec/replicas; `/` in a key is written ~1 and `~` is written ~0",
    _PERCENT: "a share such as 50%",
    HEADER_NAME: "a name of a header: letters, digits and `-`, at most 64 of them",
    PATH: "a path that begins with `/`: letters, digits and _ . / % -",
    SERVICE_PATH: "a name of a gRPC service such as inference.GRPCInferenceService: letters, digits and _ . / -",
    NAMES: "a name, or a pattern of names such as `bench-*`",
    LABEL: "a label such as `team=nlp`, `team`, `team!=nlp` or `!team`",
    IMAGE: "an image such as registry.example.com/team/server:1.2.3, with a digest (@sha256:…) or without",
    CONDITION: "`config.<parameter>` or `resources.gpus`",
}

SERVICE_NAME_WORDS = PATTERN_WORDS[_SERVICE_NAME]

#: A DNS-1123 label (RFC 1123; Kubernetes object names): it is also a safe job name and has no dot.
Name = Annotated[str, StringConstraints(pattern=_NAME, max_length=63)]
#: A name of a service: short enough that object names made of it stay labels (`-` and a suffix of ten characters).
ServiceName = Annotated[str, StringConstraints(pattern=_SERVICE_NAME, max_length=50)]
#: A DNS-1123 subdomain, as most objects of Kubernetes are named.
ObjectName = Annotated[str, StringConstraints(pattern=_OBJECT_NAME, max_length=253)]
#: A name of an environment variable (POSIX).
EnvName = Annotated[str, StringConstraints(pattern=_ENV_NAME, max_length=100)]
#: One printable line. Control characters would forge records in squeue and lines in logs.
Line = Annotated[str, StringConstraints(pattern=_LINE, max_length=4096)]
#: An image as registries name it: `registry/repository:tag@digest`.
Image = Annotated[str, StringConstraints(pattern=IMAGE, max_length=300)]
#: A word that becomes the value of a Slurm option: no blanks, no control characters, not an option itself.
Word = Annotated[str, StringConstraints(pattern=_WORD, max_length=200)]
#: A JSON pointer (RFC 6901) to something below the whole.
Pointer = Annotated[str, StringConstraints(pattern=_POINTER, max_length=500)]
#: A share in whole percent.
Percent = Annotated[str, StringConstraints(pattern=_PERCENT)]
