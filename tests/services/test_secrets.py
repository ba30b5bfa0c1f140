"""What the operator's command answers on a real Slurm: it reaches the server, and nobody else."""

from __future__ import annotations

import json
from secrets import token_hex

import pytest

from tests.e2e.world import page, until
from tests.services.conftest import SlurmPlace
from tests.services.place import endpoint, wanted

pytestmark = pytest.mark.slurm

#: A server that tells everybody what it knows.
_TALKER = {
    "apiVersion": "reconciler/v1",
    "kind": "Recipe",
    "metadata": {"name": "talker", "category": "inference", "description": "Tells its secret."},
    "spec": {
        "image": "example.org/talker:1",
        "secrets": {"WORD": {"description": "What it tells.", "required": True}},
        "ports": {"http": {"container": 8080}},
        "start": {
            "process": {
                "command": [
                    "bash",
                    "-c",
                    'echo "the word is $WORD"; tr a-z A-Z <"$1"; python3 -m http.server "$2" & wait',
                    "${service.name}",
                    "${secretfile.WORD}",
                    "${port.http}",
                ]
            }
        },
        "health": {"http": {"port": "http", "path": "/"}, "startup": "30s", "interval": "1s", "timeout": "1s"},
        "stop": {"grace": "5s"},
    },
}


def test_what_the_operators_command_answers_reaches_the_server_and_no_exit(on_slurm: SlurmPlace) -> None:
    factory, name, value = on_slurm.factory, f"talker-{token_hex(3)}", f"sesame-{token_hex(8)}"
    command = on_slurm.slurm.folder / f"secret-{name}"
    factory.put(command, f'#!/bin/bash\n[ "$*" = "get vault word" ] && echo {value}\n', 0o755)
    factory.configure(targets={"slurm": {**factory.slurm_target(), "secretCommand": [str(command), "get"]}})
    files = wanted(on_slurm, name, "talker", secrets={"WORD": {"name": "vault", "key": "word"}})
    factory.commit({"recipes/inference/talker.yaml": json.dumps(_TALKER), **files}, "a talker")
    plan = factory.run("plan", "-o", "markdown").stdout
    factory.start()
    endpoint(on_slurm, name, "http")

    def logged() -> str:
        return factory.run("logs", name).stdout

    until("told", lambda: "the word is" in logged(), 20)
    exits = {
        "plan": plan,
        "logs": logged(),
        "explain": factory.run("explain", name).stdout,
        "the service's page": page(factory.state, f"/services/{name}"),
        "the daemon's log": factory.log.read_text(),
        **on_slurm.records(name),
    }
    assert [where for where, text in exits.items() if name not in text and where != "logs"] == [], (
        "nothing was looked at"
    )
    assert [where for where, text in exits.items() if value in text] == []
    assert "the word is ***" in exits["the job's log"]
    assert value.upper() in exits["the job's log"], "the server did not read it as a file"
