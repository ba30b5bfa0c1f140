"""The words with which a person reads the output of a service's pods, where the daemon does not read it."""

from __future__ import annotations

import shlex

from reconciler.kube import marks
from reconciler.models.workload import Workload

#: kubectl follows so many pods at once without being told.
_USUAL = 5


def logs_command(workload: Workload, lines: int, *, follow: bool, previous: bool, pod: int | None) -> str:
    """`kubectl logs` for the pods of a group, or for the one of that number in the order of their names."""
    namespace = workload.id.partition("/")[0]
    names = sorted(one.name for one in workload.instances)
    words = ["kubectl", "-n", namespace, "logs", "--all-containers", "--prefix", f"--tail={lines}"]
    words += ["--follow"] if follow else []
    words += ["--previous"] if previous else []
    if pod is not None and pod < len(names):
        return shlex.join([*words, names[pod]])
    words += [f"--max-log-requests={len(names)}"] if follow and len(names) > _USUAL else []
    labels = marks.identity(workload.mark.owner, workload.mark.service)
    selector = ",".join(f"{key}={value}" for key, value in labels.items())
    return shlex.join([*words, "-l", selector])
