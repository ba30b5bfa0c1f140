"""What a job complained of, in words for people: its probe, or what kept it from starting. Pure.

The writers are the programs of `reconciler/slurm/inside`.
"""

from __future__ import annotations

import re

#: The words of probe.sh that stand alone.
WORDS = {
    "timeout": "no answer in time",
    "refused": "connection refused",
    "closed": "the connection was closed before the answer was whole",
    "not-http": "the answer is not HTTP",
    "long-header": "the headers of the answer are too long",
    "header": "a header of the answer is missing, or another",
    "body": "the answer lacks the text that it should have",
    "tls": "TLS failed",
    "not-serving": "NOT_SERVING",
    "not-grpc": "the answer is not that of a gRPC health service",
    "no-curl": "there is no curl on its node, which this probe needs",
    "no-http2": "the curl on its node knows no HTTP/2, which this probe needs",
    "no-secret": "its token could not be read",
    "failed": "it failed",
}
_TAKEN = "give it another name, or the operator chooses another `folders.data`"
#: The words with which a job gives up before its start, and what to do about it; behind a last hyphen comes a number.
READY = {
    "step-": ("a first step ended with {}", "read what it wrote last"),
    "no-folder": (
        "a folder that it was told to read is not on its node",
        "correct its path, or put it there for the user of the jobs to read",
    ),
    "no-file": (
        "a file that it was told to read is not on its node",
        "correct its path, or put it there for the user of the jobs to read",
    ),
    "no-port": (
        "all ports that the target may use are taken on its node",
        "the operator widens `ports` of the target, or frees some",
    ),
    "no-program": (
        "a program that it needs is not on the PATH of its node",
        "the operator adds its folder to `path` of the target, or loads its module in `setup`",
    ),
    "no-image": (
        "the file of its image is not on its node",
        "the operator makes it in `folders.images` of the target with `apptainer pull`",
    ),
}
#: What `data.sh` gives up with, and what to do about it.
READY |= {
    "no-room": (
        "there is less free space than its first start needs",
        "free some, or set its `spec.storage` to what it will hold",
    ),
    "disk-full": ("the disk of its data is full", "free some space"),
    "no-inodes": ("the file system of its data has no room for another file", "remove some files"),
    "no-quota": ("the quota of its data is used up", "free some of it, or ask the site for more"),
    "disk-read-only": ("the file system of its data is read-only", "ask the site"),
    "not-writable": (
        "the folder of its data cannot be written",
        "give it to the user of the jobs, or the operator chooses another `folders.data`",
    ),
    "data-unknown": ("the file .reconciler in the folder of its data cannot be read", "mend it, or remove it"),
    "data-owner": ("the folder of its data is in use by the daemon of another owner", _TAKEN),
    "data-service": ("the folder of its data is that of another service", _TAKEN),
    "data-recipe": (
        "the folder of its data holds those of another recipe",
        "give it another name; or take it out of the repository, then `reconciler data remove` can remove them",
    ),
}
_COMMAND = "the operator tries `secretCommand` with these two words on that node"
#: What `secrets.sh` gives up with, and what to do about it; none of it has a value in it.
READY |= {
    "secret-missing": (
        "a secret that it needs is not there",
        "put its value into this file, with mode 0600, as the user of the jobs; or name another one in `spec.secrets`",
    ),
    "secret-open": ("the file of a secret may be used by others, as its mode says", "`chmod 600` it"),
    "secret-owner": ("the file of a secret belongs to another user", "make it a file of the user of the jobs"),
    "secret-kind": ("a secret is not a plain file", "put a plain file there, or a link to one"),
    "secret-empty": ("the file of a secret is empty, or cannot be read", "put its value into it"),
    "secret-long": ("the file of a secret has more than 64 KiB", "name a shorter one: it becomes a variable"),
    "secret-unmade": (
        "a secret could not be made",
        "the operator lets the user of the jobs write in `folders.secrets`",
    ),
    "secret-memory": ("there is no folder in memory for its secrets", "ask the site for /dev/shm on that node"),
    "secret-exit-": ("the operator's command for secrets ended with {}", _COMMAND),
    "secret-late": ("the operator's command for secrets gave no answer in 30 s", _COMMAND),
    "secret-large": ("the operator's command for secrets gave more than 64 KiB", _COMMAND),
    "secret-nothing": ("the operator's command for secrets gave an empty value", _COMMAND),
}
#: Words with a number, and how that is told.
_NUMBERED = {"http": "HTTP {}", "grpc": "gRPC status {}", "exit": "ended with {}"}
_QUESTION = re.compile(r"(?P<first>first:)?(?:(?P<method>GET|POST)(?=/)|(?P<kind>tcp|grpc):)?(?P<rest>.*)", re.DOTALL)
_KINDS = {"tcp": "TCP", "grpc": "gRPC"}


def fails(why: str) -> str:
    """What fails, and how: `its health probe fails: HTTP 503 (GET /health)`."""
    if is_unready(why):
        return unready(why)
    what = "first request" if "@first:" in why else "health probe"
    return f"its {what} fails: {told(why)}" if why else "its health probe fails"


def is_unready(why: str) -> bool:
    """Whether this kept it from starting at all."""
    return _ready(why) is not None


def unready(why: str) -> str:
    """Why it could not start, and what to do: `could not be made ready: the file of its image … (a.sif); …`."""
    _, advice = _ready(why) or ("", "")
    return f"could not be made ready: {told(why)}" + (f"; {advice}" if advice else "")


def told(why: str) -> str:
    """What was wrong, and behind it what was asked: `HTTP 503 (GET /health)`; "" for nothing."""
    word, _, asked = why.partition("@")
    ready = _ready(why)
    known = ready[0] if ready else WORDS.get(word) or _numbered(word)
    return f"{known} ({_question(asked)})" if asked else known or why


def _ready(why: str) -> tuple[str, str] | None:
    word = why.partition("@")[0]
    kind, hyphen, number = word.rpartition("-")
    if word in READY or not number.isdigit() or kind + hyphen not in READY:
        return READY.get(word)
    words, advice = READY[kind + hyphen]
    return words.format(number), advice


def _numbered(word: str) -> str:
    kind, _, number = word.partition("-")
    return _NUMBERED[kind].format(number) if kind in _NUMBERED and number.isdigit() else word


def _question(asked: str) -> str:
    match = _QUESTION.fullmatch(asked)
    if match is None:
        return asked
    kind = match["method"] or _KINDS.get(match["kind"] or "", "")
    return f"{kind} {match['rest']}".strip()
