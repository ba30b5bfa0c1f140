"""What people get wrong, as a table: the service, what is said of it, and what can be done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.e2e.world import RECIPE

Spec = dict[str, Any]
_UNREADY = "could not be made ready: "
_PYTHON, _FAISS = "docker.io/library/python:3", "ghcr.io/reconciler/faiss-server:0.1.0"
_NOWHERE = "localhost:1/zz-none:1"


@dataclass(frozen=True)
class Wrong:
    """A service: `spec` over that of a small FAISS server. `said`: in the status; `help`: by `explain`."""

    said: str
    help: str = ""
    spec: Spec = field(default_factory=dict)


#: What is known without any cluster.
BEFORE = {
    "unknown": Wrong(
        "spec.config.dimensoin: unknown parameter; did you mean `dimension`?", spec={"config": {"dimensoin": 4}}
    ),
    "typed": Wrong("found text `four`; expected a whole number", spec={"config": {"dimension": "four"}}),
    "many": Wrong("found the number 65537; expected at most 65536", spec={"config": {"dimension": 65537}}),
    "alone": Wrong("an index without vectors that takes none has nothing to find", spec={"config": {"readOnly": True}}),
    "gpus": Wrong(
        "tensor times pipeline parallelism must be the number of GPUs",
        spec={"recipe": "vllm", "config": {"model": "m", "tensorParallelSize": 3}, "resources": {"gpus": 2}},
    ),
    "recipe": Wrong(
        "spec.recipe: no version of the recipe named was ever good: recipes/inference/named.yaml:5:3: spec.image",
        spec={"recipe": "named"},
    ),
    "nodes": Wrong("spec.nodes: the recipe faiss runs on one machine only; found 2; expected 1", spec={"nodes": 2}),
}
#: On Slurm, without containers.
AT_START = {
    "no-input": Wrong(
        f"{_UNREADY}a file that it was told to read is not on its node (config.indexFile)",
        "correct its path",
        {"config": {"indexFile": "/nowhere/zz.index"}},
    ),
    "no-program": Wrong(
        f"{_UNREADY}a program that it needs is not on the PATH of its node (no-such-server)",
        "adds its folder to `path` of the target",
        {"recipe": "lost"},
    ),
    "no-data": Wrong(
        f"{_UNREADY}the folder of its data cannot be written", "give it to the user of the jobs", {"recipe": "keeps"}
    ),
    "no-room": Wrong(
        f"{_UNREADY}there is less free space than its first start needs (data:needs:819Ti/free:",
        "set its `spec.storage` to what it will hold",
        {"recipe": "keeps", "storage": {"data": {"size": "900T"}}},
    ),
    "not-ours": Wrong(
        f"{_UNREADY}the folder of its data is in use by the daemon of another owner (factory-z)",
        "belong to owner factory-z, and this is owner",
        {"recipe": "keeps"},
    ),
    "not-its-own": Wrong(
        f"{_UNREADY}the folder of its data holds those of another recipe (postgresql)",
        "take it out of the repository",
        {"recipe": "keeps"},
    ),
    "no-secret": Wrong(
        f"{_UNREADY}a secret that it needs is not there (",
        "into this file, with mode 0600",
        {"secrets": {"TOKEN": {"name": "zz-none", "key": "word"}}},
    ),
    "open-secret": Wrong(
        f"{_UNREADY}the file of a secret may be used by others, as its mode says (",
        "zz-open/word:0644); `chmod 600` it",
        {"secrets": {"TOKEN": {"name": "zz-open", "key": "word"}}},
    ),
    "exits": Wrong("ended with exit code 3", "read what it wrote last", {"recipe": "exits"}),
}
#: On a Slurm where jobs may use one port, which is taken, and with containers, for which there is no Apptainer.
BEFORE_NARROW = {
    "few": Wrong(
        "more ports than a job on the target slurm may use; found 9; expected at most 1; the operator widens `ports`",
        spec={"recipe": "seaweedfs"},
    ),
}
NARROW = {
    "no-port": Wrong(
        f"{_UNREADY}all ports that the target may use are taken on its node ({{port}}-{{port}})",
        "widens `ports` of the target",
    ),
    "no-runtime": Wrong(
        f"{_UNREADY}a program that it needs is not on the PATH of its node (apptainer)",
        "adds its folder to `path` of the target",
        {"recipe": "portless"},
    ),
}
#: On Kubernetes.
IN_PODS = {
    "no-image": Wrong(_NOWHERE, "look at `image` in its recipe", {"recipe": "pulls"}),
    "no-key": Wrong(
        'CreateContainerConfigError: secret "zz-none" not found',
        "make the Secret",
        {"secrets": {"TOKEN": {"name": "zz-none", "key": "word"}}},
    ),
    "no-command": Wrong("no-such-server", "the image has no such program", {"recipe": "lost-in-pods"}),
    "no-index": Wrong(
        "CrashLoopBackOff",
        "mount the claim that has it (`spec.kubernetes.mounts`)",
        {"config": {"indexFile": "/nowhere/zz.index"}},
    ),
}


def _recipe(name: str, *changes: tuple[str, str]) -> str:
    text = RECIPE.replace("name: web", f"name: {name}")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return text


#: Recipes of the repository, by name.
RECIPES: Mapping[str, str] = {
    "lost": _recipe("lost", ("[python3, -m, http.server, --bind", "[no-such-server, --bind")),
    "lost-in-pods": _recipe("lost-in-pods", (_PYTHON, _FAISS), ("args: [python3, -m,", "command: [no-such-server,")),
    "exits": _recipe("exits", ("[python3, -m, http.server, --bind", "[bash, -c, exit 3")),
    "keeps": _recipe("keeps", ("  ports:", "  storage: {data: {path: /data, size: 1Mi}}\n  ports:")),
    "portless": _recipe(
        "portless",
        ("  ports:\n    http: {container: 8080}\n", ""),
        (', "${port.http}"', ""),
        (', "${host}"', ""),
        ("http: {port: http, path: /}", 'exec: {command: ["true"]}'),
    ),
    "pulls": _recipe("pulls", (_PYTHON, _NOWHERE)),
    "named": _recipe("named", (_PYTHON, f"{_PYTHON}:4")),
}
