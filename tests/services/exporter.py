"""The exporter beside a database, as somebody who may do everything on its platform sees and disturbs it."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lab.host import LabError
from tests.e2e.world import until
from tests.recipes.metrics import lacking, scraped
from tests.recipes.slurm.stand import listener
from tests.services.place import KubernetesPlace, Place, SlurmPlace, endpoint

_STARTED = re.compile(r"^process_start_time_seconds (\S+)$", re.MULTILINE)
_NAMESPACE = "--namespace=ai"


def tells_of_it(place: Place, name: str) -> bool:
    """Whether the metrics of the database are where `/sd` sends Prometheus, and are those of one that runs."""
    try:
        text = scraped(place.factory, name)
        return "\npg_up 1\n" in text and not lacking(place.factory, name, "postgresql")
    except (OSError, LabError):
        return False


def begun(place: Place, name: str) -> str:
    """When the exporter was started, as it says itself; empty while it says nothing."""
    try:
        found = _STARTED.search(scraped(place.factory, name))
    except OSError:
        return ""
    return found[1] if found else ""


def environment(place: Place, name: str) -> str:
    """The environment of its process."""
    if isinstance(place, SlurmPlace):
        return Path(f"/proc/{_on_slurm(place, name)}/environ").read_text()
    assert isinstance(place, KubernetesPlace)
    return _inside(place, name, "cat", f"/proc/{_inside(place, name, 'pidof', 'postgres_exporter').strip()}/environ")


def kill(place: Place, name: str) -> None:
    """SIGKILL for its process."""
    if isinstance(place, SlurmPlace):
        os.kill(_on_slurm(place, name), signal.SIGKILL)
    else:
        assert isinstance(place, KubernetesPlace)
        _inside(place, name, "kill", "-9", _inside(place, name, "pidof", "postgres_exporter").strip())


def standing(place: Place, name: str) -> object:
    """What changes when the platform takes notice: the job, or the pod's starts and since when it is ready."""
    if isinstance(place, SlurmPlace):
        return place.running(name)
    assert isinstance(place, KubernetesPlace)
    pod = _pod(place, name)
    ready = [
        one["lastTransitionTime"] for one in pod["conditions"] if (one["type"], one["status"]) == ("Ready", "True")
    ]
    return ready, [one["restartCount"] for one in pod["containerStatuses"]]


def comes_back(place: Place, name: str, database_begun: Callable[[], object]) -> None:
    """Kill it: it is there again, and neither the platform nor the database took notice."""
    until("metrics", lambda: tells_of_it(place, name), 30)
    before, first, database = standing(place, name), begun(place, name), database_begun()
    kill(place, name)
    until("another one", lambda: begun(place, name) not in ("", first), 30)
    assert tells_of_it(place, name)
    assert (standing(place, name), database_begun()) == (before, database)


def _on_slurm(place: SlurmPlace, name: str) -> int:
    return listener(int(endpoint(place, name, "metrics").rpartition(":")[2]))


def _pod(place: KubernetesPlace, name: str) -> Any:
    pod = place.running(name)[0].partition("/")[0]
    found: dict[str, Any] = json.loads(place.kubernetes.kubectl("get", "pod", pod, _NAMESPACE, "--output=json"))
    return found["status"]


def _inside(place: KubernetesPlace, name: str, *argv: str) -> str:
    pod = place.running(name)[0].partition("/")[0]
    return place.kubernetes.kubectl("exec", pod, _NAMESPACE, "--container=exporter", "--", "busybox", *argv)
