"""The stories of vLLM: used by OpenAI's client, killed, changed; and a model that makes no token."""

from __future__ import annotations

import json
import urllib.request
from dataclasses import dataclass
from secrets import token_hex
from typing import Any

from tests.recipes.clients.environment import ClientError
from tests.recipes.heavy import tiny
from tests.recipes.report import Report
from tests.recipes.stories.stand import Files, Stand

#: One start takes half a minute to a minute, on two cores.
SECONDS = 300.0
ENV = {
    "VLLM_CPU_KVCACHE_SPACE": "1",  # GB; half of the machine otherwise
    "OMP_NUM_THREADS": "1",
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",  # each worker would have the first core of the machine otherwise
}
_TOKEN = '"POST /v1/completions HTTP/1.1" 200'
_TOKENS = 32  # as many as the client asks for
_OPERATIONS = ("list models", "completion", "completion as a stream", "chat", "chat as a stream", "a wrong key")


@dataclass
class Server:
    """A vLLM with the tiny model, as a service."""

    stand: Stand
    name: str
    files: Files
    key: str = ""
    model: str = "tiny"

    @classmethod
    def made(cls, stand: Stand, name: str, key: str = "") -> Server:
        """Its model is there; it is not wanted yet."""
        files = stand.files(f"model-{name}")
        tiny.put(stand.factory, files)
        return cls(stand, name, files, key)

    def want(self, *, spec: dict[str, Any] | None = None, **config: Any) -> None:
        """Commit it."""
        small = {"model": self.files.inside, "loadFormat": "dummy", "enforceEager": True, "offline": True}
        secrets = self.stand.secrets(self.name, VLLM_API_KEY=self.key) if self.key else {}
        words = {"env": ENV, "secrets": secrets, **self.files.spec, **(spec or {})}
        self.stand.want(self.name, "vllm", config={**small, "servedModelName": self.model, **config}, **words)

    def ask(self, verb: str, **words: Any) -> dict[str, Any]:
        """What the client answers; nothing while it is not healthy. Raises ClientError."""
        address = self.stand.endpoint(self.name, "http")
        if not address:
            return {}
        known = {"url": f"http://{address}", "key": self.key, "model": self.model}
        return self.stand.clients.ask("completions", verb, **{**known, **words})

    def answers(self, path: str = "/health") -> str:
        """What it answers to a plain question, also while it is not healthy. Raises OSError."""
        address = self.stand.direct(self.name, "http")
        if not address:
            raise ClientError(f"{self.name} has no address yet")
        with urllib.request.urlopen(f"http://{address}{path}", timeout=3) as answer:
            return f"{answer.status} {answer.read().decode()}".strip()

    def log(self) -> str:
        """What it wrote last."""
        return self.stand.factory.run("logs", self.name, "--lines=2000").stdout

    def wait_healthy(self) -> None:
        """One start, with the first token."""
        self.stand.wait(f"{self.name} is healthy", lambda: bool(self.stand.endpoint(self.name, "http")), SECONDS)


def vllm(stand: Stand, name: str) -> Report:
    """Committed, used, killed, used again, changed by a commit."""
    server = Server.made(stand, name, key=token_hex(16))
    server.want()
    server.wait_healthy()
    # Nobody has asked it for anything but the platform.
    assert _TOKEN in server.log()
    before = server.ask("use")
    assert is_whole(before), before
    assert server.ask("models") == {"tiny": tiny.LONGEST}
    assert server.ask("refusal", key="") == {"code": 401}
    version = json.loads(server.answers("/version").partition(" ")[2])["version"]
    recovery = stand.recovery(name, "http", lambda: server.ask("use") == before, SECONDS)
    server.model = "renamed"
    server.want(maxModelLen=128)
    stand.wait("the new name and length", lambda: server.ask("models") == {"renamed": 128}, SECONDS)
    stand.wait("the same answers under that name", lambda: server.ask("use") == before)
    return stand.report("vllm", version, _OPERATIONS, recovery, "the same answers", "servedModelName, maxModelLen")


def is_whole(answers: dict[str, Any]) -> bool:
    """Whether what came in pieces is what came at once, in as many tokens as were asked for."""
    same = answers["completion"] == answers["streamed"] and answers["answer"] == answers["spoken"]
    return bool(same and answers["completion"].split() and answers["tokens"] == _TOKENS and answers["in_pieces"])


def vllm_without_tokens(stand: Stand, name: str) -> None:
    """A model for embeddings answers /health and makes no token: it is healthy once nobody asks for one."""
    server = Server.made(stand, name)
    pooling = ["--runner=pooling", "--convert=embed"]
    server.want(extraArgs=pooling)
    stand.wait("it answers its health check", lambda: server.answers().startswith("200"), SECONDS)
    stand.wait("its first request fails", lambda: '"POST /v1/completions HTTP/1.1" 404' in server.log(), 30)
    line = stand.line(name)
    assert line is not None
    assert (line.health, line.ready) == ("Progressing", 0), line
    server.want(extraArgs=pooling, firstRequest=False)
    server.wait_healthy()
    assert server.ask("models") == {"tiny": tiny.LONGEST}
