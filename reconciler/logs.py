"""The log: one line for each decision, as text or as JSON, without secrets, whatever is put into it."""

from __future__ import annotations

import json
import logging
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from types import TracebackType

from reconciler.models.text import redact, visible

#: What a line may carry beside its words (`extra=` of a call), in this order.
FIELDS = (
    "caller",
    "through",
    "service",
    "target",
    "replica",
    "revision",
    "action",
    "before",
    "after",
    "reason",
    "error",
)
LEVELS = ("debug", "info", "warning", "error")
FORMATS = ("text", "json")
#: The words of a line of text say these already.
_SAID = frozenset({"before", "after", "reason", "error"})
#: Most characters of one text, and most lines of a traceback (its last ones).
_LONGEST = 8192
_LINES = 60
_log = logging.getLogger("reconciler")


def start_logging(level: str, form: str) -> None:
    """Log lines of `level` (of LEVELS) and above to standard error, in `form` (of FORMATS), from now on.

    So do warnings of Python, and what ends a thread or the process unforeseen. Of libraries, warnings and errors only.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines() if form == "json" else TextLines())
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    _log.setLevel(level.upper())
    logging.captureWarnings(capture=True)
    sys.excepthook = _process_ends
    threading.excepthook = _thread_ends


def writes_json() -> bool:
    """Whether whoever reads standard error expects JSON."""
    return any(isinstance(handler.formatter, JsonLines) for handler in logging.getLogger().handlers)


def clean(text: str) -> str:
    """One printable line of bounded length without what looks like a secret: the one place that all texts pass."""
    safe = redact(text[: 16 * _LONGEST])
    return visible(safe[:_LONGEST]) + ("…" if len(safe) > _LONGEST else "")


class TextLines(logging.Formatter):
    """For people: time, level, part, words, then the fields that the words may lack as `key=value` in brackets.

    A traceback follows in lines that begin with a bar, so that none looks like a line of the log.
    """

    def format(self, record: logging.LogRecord) -> str:
        """One line, or several for a failure unforeseen."""
        time = datetime.fromtimestamp(record.created).astimezone()
        head = f"{time:%Y-%m-%dT%H:%M:%S%z} {record.levelname:7} {clean(record.name)}: {clean(record.getMessage())}"
        pairs = " ".join(f"{name}={_quoted(value)}" for name, value in _fields(record) if name not in _SAID)
        return "\n".join(
            [f"{head} [{pairs}]" if pairs else head, *(f"  | {line}" for line in _traceback(self, record))]
        )


class JsonLines(logging.Formatter):
    """For programs: one JSON object a line: time (UTC), level, logger, message, then the fields that are known."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        line = {
            "time": time,
            "level": record.levelname.lower(),
            "logger": clean(record.name),
            "message": clean(record.getMessage()),
            **dict(_fields(record)),
        }
        trace = _traceback(self, record)
        return json.dumps(line | ({"exception": "\n".join(trace)} if trace else {}), ensure_ascii=False)


def _fields(record: logging.LogRecord) -> Iterator[tuple[str, str]]:
    for name in FIELDS:
        value = getattr(record, name, None)
        if value not in (None, ""):
            yield name, clean(str(value))


def _quoted(value: str) -> str:
    plain = not any(char in value for char in ' "[]=')
    return value if plain else json.dumps(value, ensure_ascii=False)


def _traceback(formatter: logging.Formatter, record: logging.LogRecord) -> list[str]:
    if not record.exc_info or record.exc_info[0] is None:
        return []
    return [clean(line) for line in formatter.formatException(record.exc_info).split("\n")[-_LINES:]]


def _process_ends(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    _log.critical("an error of its own ends the process", exc_info=(kind, error, trace))


def _thread_ends(ended: threading.ExceptHookArgs) -> None:
    if ended.exc_value is None or issubclass(ended.exc_type, SystemExit):
        return
    name = ended.thread.name if ended.thread else "?"
    exc_info = (ended.exc_type, ended.exc_value, ended.exc_traceback)
    _log.critical("an error of its own ends the thread %s", name, exc_info=exc_info)
