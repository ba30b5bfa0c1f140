"""What a job's probe complained of, in words for people; `probe.sh` is the writer. Pure."""

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
    "no-folder": "a folder that it was told to read is not on its node",
    "no-file": "a file that it was told to read is not on its node",
    "failed": "it failed",
}
#: Words with a number, and how that is told.
_NUMBERED = {"http": "HTTP {}", "grpc": "gRPC status {}", "exit": "ended with {}"}
_QUESTION = re.compile(r"(?P<first>first:)?(?:(?P<method>GET|POST)(?=/)|(?P<kind>tcp|grpc):)?(?P<rest>.*)", re.DOTALL)
_KINDS = {"tcp": "TCP", "grpc": "gRPC"}


def fails(why: str) -> str:
    """What fails, and how: `its health probe fails: HTTP 503 (GET /health)`."""
    what = "first request" if "@first:" in why else "health probe"
    return f"its {what} fails: {told(why)}" if why else "its health probe fails"


def told(why: str) -> str:
    """What was wrong, and behind it what was asked: `HTTP 503 (GET /health)`; "" for nothing."""
    word, _, asked = why.partition("@")
    kind, _, number = word.partition("-")
    known = WORDS.get(word) or (_NUMBERED[kind].format(number) if kind in _NUMBERED and number.isdigit() else word)
    return f"{known} ({_question(asked)})" if asked else known or why


def _question(asked: str) -> str:
    match = _QUESTION.fullmatch(asked)
    if match is None:
        return asked
    kind = match["method"] or _KINDS.get(match["kind"] or "", "")
    return f"{kind} {match['rest']}".strip()
