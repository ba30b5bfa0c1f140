"""The pure parts, alone: how their cost grows with the number of services."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from reconciler.daemon.build import make_loader
from reconciler.health import judge
from reconciler.kube.render import manifests
from reconciler.models.action import Plan
from reconciler.models.health import Health
from reconciler.models.wanted import Wanted
from reconciler.models.workload import Mark, Observed, Phase, Workload
from reconciler.plan import Constraints, make_plan
from reconciler.settings import KubernetesTarget, Settings, SlurmTarget
from reconciler.slurm import mark as marks
from reconciler.slurm.job.sbatch import template
from reconciler.slurm.look.jobs import sort
from reconciler.slurm.look.squeue import read
from reconciler.slurm.look.workloads import Frame, workload
from tests.bench.report import Table, short
from tests.bench.wanted import REVISION, resolve, snapshot_of
from tests.bench.workload import files, name_of

SIZES = (100, 1_000, 10_000)
_NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
_DIGEST = "0123456789abcdef"
_TOKEN = "5ca1ab1eAB"
_OWN, _END = "\x1f", "\n"
_T = TypeVar("_T")


def measure(sizes: Sequence[int] = SIZES) -> Table:
    """A row for each part, a column for each size."""
    cells = {size: _times(size) for size in sizes}
    columns = ["part", *(f"{size:,}" for size in sizes), *(f"each of {size:,}" for size in sizes)]
    rows = [
        (
            part,
            *(short(cells[size][part]) for size in sizes),
            *(short(cells[size][part] / size) for size in sizes),
        )
        for part in cells[sizes[0]]
    ]
    return Table("The pure parts, by number of services", columns, rows, ("One call each; CPU time of this process.",))


def _times(size: int) -> dict[str, float]:
    settings = _settings()
    slurm, cloud = settings.targets["slurm"], settings.targets["cloud"]
    assert isinstance(slurm, SlurmTarget)
    assert isinstance(cloud, KubernetesTarget)
    texts = files(size, "slurm", replicas=1)
    loader = make_loader(settings)
    cold, services = _timed(lambda: resolve(texts, settings, loader))
    snapshot = snapshot_of(texts | files(1, "cloud", replicas=1))
    warm, _ = _timed(lambda: loader.load(snapshot, lambda _: iter(())))
    on_cloud = resolve(files(size, "cloud", replicas=1), settings)
    wanted = [Wanted(name_of(number), 1, _DIGEST) for number in range(size)]
    empty, full = _seen(0), _seen(size)
    text = _squeue(size)
    plan = Plan("slurm")
    return {
        "load, first time": cold,
        "load, one file changed": warm,
        "render batch scripts": _timed(lambda: [template(one, slurm).rendered for one in services])[0],
        "render objects": _timed(lambda: [manifests.render(one, cloud, "o") for one in on_cloud])[0],
        "plan, all to be started": _timed(lambda: make_plan(wanted, empty, _NOW, Constraints()))[0],
        "plan, nothing to do": _timed(lambda: make_plan(wanted, full, _NOW, Constraints()))[0],
        "judge": _timed(lambda: judge(zip(services, wanted, strict=True), full, plan, {}, {}))[0],
        "read squeue": _timed(lambda: _look(text))[0],
    }


def _timed(call: Callable[[], _T]) -> tuple[float, _T]:
    gc.collect()  # nobody pays for the rubbish of another part
    began = time.process_time()
    result = call()
    return time.process_time() - began, result


def _settings() -> Settings:
    return Settings.model_validate(
        {
            "owner": "o",
            "source": {"url": "/repository"},
            "targets": {
                "slurm": {"kind": "slurm", "folders": {"data": "/d", "logs": "/l"}},
                "cloud": {"kind": "kubernetes", "namespaces": ["ai"]},
            },
            "state": "/state",
        }
    )


def _seen(size: int) -> Observed:
    workloads = tuple(
        Workload("slurm", str(number), _mark(number), Phase.RUNNING, Health.HEALTHY, since=_NOW - timedelta(hours=1))
        for number in range(size)
    )
    return Observed("slurm", _NOW, complete=True, workloads=workloads)


def _mark(number: int) -> Mark:
    return Mark("o", name_of(number), 0, _DIGEST, revision=REVISION.short)


def _look(text: str) -> list[Workload]:
    jobs, _ = sort(read(text, _TOKEN), "o")
    frame = Frame("slurm", _NOW)
    return [workload(frame, job) for job in jobs]


def _squeue(size: int) -> str:
    """What squeue prints for as many pending jobs, below its line of titles."""
    titles = ("JOBID", "STATE", "REASON", "EXEC_HOST", "START_TIME", "END_TIME", "SUBMIT_TIME", "TIME_LIMIT")
    rows = [(titles, "NAME", "COMMENT"), *(_record(number) for number in range(size))]
    return "".join(f"\x1e{_TOKEN.join([_OWN.join(own), *foreign, _END])}" for own, *foreign in rows)


def _record(number: int) -> tuple[tuple[str, ...], str, str]:
    mark = _mark(number)
    own = (str(number + 1), "PENDING", "PartitionDown", "n/a", "N/A", "N/A", "1767225600", "1:00:00")
    return own, marks.job_name(mark.service, mark.replica), marks.write(mark)
