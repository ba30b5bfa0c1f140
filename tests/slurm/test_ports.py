"""Jobs that start on one node with the same first choice of a port get different ones."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

from tests.slurm.conftest import start
from tests.slurm.jobs import Job, probed
from tests.slurm.services import recipe, resolved

__all__ = ["start"]

#: As vLLM: it has its port at once, and listens when its model is there, which here never is.
BINDS = """import signal, socket, sys
with socket.socket() as one:
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    one.bind(("", int(sys.argv[1])))
    signal.pause()
"""
#: Ids of jobs that look from the same place: 10,000 ports, 16 for each.
JOBS = (4711, 4711 + 625, 4711 + 1250)


def test_a_port_that_nobody_listens_on_yet_is_taken(start: Callable[..., Job], tmp_path: Path) -> None:
    (tmp_path / "binds.py").write_text(BINDS)
    command = ["python3", f"{tmp_path}/binds.py", "${port.http}"]
    service = resolved("web", recipe(start={"process": {"command": command}}, health=probed(tmp_path)))

    def port(job: Job) -> int:
        job.until(lambda: job.report is not None)
        assert job.report
        return dict(job.report.ports)["http"]

    first, second = (start(service, 0, job) for job in JOBS[:2])
    assert port(first) != port(second)
    for job in (first, second):
        job.process.send_signal(signal.SIGTERM)
        job.end()
    assert port(start(service, 0, JOBS[2])) == min(port(first), port(second))
