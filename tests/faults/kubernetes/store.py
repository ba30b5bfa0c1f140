"""The lab's etcd, asked to refuse writes as it does when its disk quota is used up; reads go on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import urllib3

from lab import control
from lab.kubernetes import KubernetesFacts


@contextmanager
def read_only(facts: KubernetesFacts) -> Iterator[None]:
    """etcd has the alarm NOSPACE for as long as the block lasts (https://etcd.io/docs/latest/op-guide/maintenance/)."""
    url = _clients_url(facts)
    member = _post(url, "status", {})["header"]["member_id"]
    alarm = {"memberID": member, "alarm": "NOSPACE"}
    _post(url, "alarm", {"action": "ACTIVATE", **alarm})
    try:
        yield
    finally:
        _post(url, "alarm", {"action": "DEACTIVATE", **alarm})


def _clients_url(facts: KubernetesFacts) -> str:
    """Where etcd listens: an argument of its process."""
    words = Path(f"/proc/{control.ask(facts.run, 'pids')['etcd']}/cmdline").read_text().split("\0")
    return words[words.index("--listen-client-urls") + 1]


def _post(url: str, verb: str, body: dict[str, str]) -> dict[str, dict[str, str]]:
    """One call of etcd's maintenance service by its JSON gateway."""
    answer = urllib3.request("POST", f"{url}/v3/maintenance/{verb}", json=body)
    assert answer.status == 200, answer.data
    found: dict[str, dict[str, str]] = json.loads(answer.data)
    return found
