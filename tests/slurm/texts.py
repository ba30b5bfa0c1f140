"""What squeue prints, for tests of what reads it."""

from __future__ import annotations

from datetime import UTC, datetime

from reconciler.slurm.look.squeue import Record

TOKEN = "5ca1ab1e5c"
TITLES = ("JOBID", "STATE", "REASON", "EXEC_HOST", "START_TIME", "END_TIME", "SUBMIT_TIME", "TIME_LIMIT")
#: A job that runs for 100 seconds by now.
NOW = datetime.fromtimestamp(1100, UTC)
RUNNING = Record("7", "RUNNING", "None", "n1", 1000, 4600, 900, "1:00:00", "web.0", "")


def row(own: tuple[str, ...], name: str, comment: str) -> str:
    """One line of the answer to `squeue.arguments(TOKEN)`."""
    return f"\x1e{TOKEN.join([chr(0x1F).join(own), name, comment])}{TOKEN}\n"


def printed(*records: Record) -> str:
    """The whole answer for these jobs, with its line of titles."""
    return row(TITLES, "NAME", "COMMENT") + "".join(_line(record) for record in records)


def _line(record: Record) -> str:
    *own, name, comment = ("N/A" if field is None else str(field) for field in record)
    return row(tuple(own), name, comment)
