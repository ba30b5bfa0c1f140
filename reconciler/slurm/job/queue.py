"""What is changed on a living job, as words of `scontrol update`. Pure.

Each word is one argument, and scontrol splits it at its first `=` only (seen on 22.05): what stands in a comment or in
a name of the repository is never another key.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import timedelta

from reconciler.models.wanted import ResolvedService
from reconciler.models.workload import Mark, Phase, Workload
from reconciler.slurm import mark as marks


def changes(service: ResolvedService, workload: Workload, mark: Mark, limit: timedelta | None) -> Iterator[str]:
    """The words that write `mark` on a job, with its own report kept, and what the mark says of its queue and limit.

    Slurm keeps time limits in minutes.
    """
    if workload.phase is Phase.PENDING:
        yield from _moves(service, workload, mark)
    if limit is not None:
        yield f"TimeLimit={math.ceil(limit / timedelta(minutes=1))}"
    if mark != workload.mark or not workload.marked:
        yield f"Comment={' '.join(filter(None, [marks.write(mark), workload.note]))}"


def _moves(service: ResolvedService, workload: Workload, mark: Mark) -> Iterator[str]:
    before, after = (place.partition(".")[::2] for place in (workload.mark.place, mark.place))
    if before[0] != after[0] and service.slurm.partition is not None:
        yield f"Partition={service.slurm.partition}"
    if before[1] != after[1]:
        yield f"QOS={service.slurm.qos or ''}"  # without a name: the default one of the account (seen on 22.05)


def leaves(workload: Workload, mark: Mark) -> bool:
    """Whether a job is to wait in the site's default partition instead of its own; scontrol has no word for that."""
    before, after = (place.partition(".")[0] for place in (workload.mark.place, mark.place))
    return workload.phase is Phase.PENDING and bool(before) and not after
