"""A factory whose repository is a bare one that people and the daemon push to, and its API as a stranger sees it."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from types import MappingProxyType
from typing import Any

import httpx

from lab.factory import Factory
from lab.host import LabError
from lab.lab import Lab
from tests.e2e.world import RECIPE, RECIPE_PATH, jobs, until

SECONDS = 60.0
_PERSON = ("--config", "user.name=Lab", "--config", "user.email=lab@localhost.invalid")
_FORM = "%H%x00%P%x00%an%x00%s%x00%b%x01"


@dataclass(frozen=True)
class Commit:
    """A commit of the bare repository. `trailers` are in the order in which they stand."""

    sha: str
    parents: tuple[str, ...]
    author: str
    subject: str
    body: str

    @property
    def trailers(self) -> dict[str, str]:
        pairs = (line.partition(": ") for line in self.body.strip().splitlines())
        return {name: value for name, _, value in pairs}


class Desk(Factory):
    """A factory that is asked over HTTP. It has a token of each role: `admin`, `bench` (may touch `bench-*`), `read`.

    `bare` is a repository that there is already and `url` where others find it; `extra` is what they need in their
    environment to get at it. `kubeconfig`: its target is Kubernetes; otherwise Slurm.
    """

    def __init__(
        self,
        lab: Lab,
        *,
        bare: Path | None = None,
        url: str = "",
        extra: Mapping[str, str] = MappingProxyType({}),
        kubeconfig: Path | None = None,
    ) -> None:
        name = f"d{token_hex(4)}"
        super().__init__(lab, name, owner=name)
        self._extra = extra
        self.bare = bare or self.folder / "remote.git"
        self.url = url or str(self.bare)
        self.tokens = {role: f"rec_{token_hex(16)}" for role in ("admin", "bench", "read")}
        if bare is None:
            self._make(self.bare)
            self._run(["git", "init", "--quiet", "--bare", "--initial-branch=main", str(self.bare)])
        self.commit({RECIPE_PATH: RECIPE, "desired/README.md": "What runs.\n"}, "recipes")
        self.configure(slurm=kubeconfig is None, kubeconfig=kubeconfig)

    def configure(self, *, slurm: bool = True, kubeconfig: Path | None = None, **extra: Any) -> Path:
        """As of any factory, with the bare repository and the tokens."""
        source = {"url": self.url, "interval": "2s", **extra.pop("source", {})}
        http = self.http_settings() | extra.pop("http", {})
        return super().configure(slurm=slurm, kubeconfig=kubeconfig, source=source, http=http, **extra)

    def http_settings(self) -> dict[str, Any]:
        """The tokens, and limits that no test reaches by accident."""
        grants: dict[str, dict[str, Any]] = {
            "admin": {"role": "admin"},
            "bench": {"role": "propose", "services": ["bench-*"]},
            "read": {"role": "read"},
        }
        tokens = [
            {"name": name, "sha256": hashlib.sha256(token.encode()).hexdigest(), **grants[name]}
            for name, token in self.tokens.items()
        ]
        limits = {"reads": 10_000_000, "writes": 10_000_000, "failures": 10_000_000}
        return {"listen": "127.0.0.1:0", "tokens": tokens, "limits": limits}

    def environment(self) -> dict[str, str]:
        """As of any factory, and what the repository asks for."""
        return super().environment() | self._extra

    # --- the repository

    def commit(self, files: Mapping[str, str | bytes | None], message: str) -> str:
        """As a person: pull, change, commit, push."""
        if not (self.repository / ".git").exists():
            self._run(["git", "clone", "--quiet", *_PERSON, self.url, str(self.repository)])
        else:
            self.git("pull", "--quiet", "--ff-only")
        sha = super().commit(files, message)
        self.git("push", "--quiet", "origin", "HEAD:main")
        return sha

    def remote(self, *words: str) -> str:
        """Run git in the bare repository, whoever owns it."""
        argv = ["git", "-c", "safe.directory=*", "-C", str(self.bare), *words]
        return subprocess.run(argv, capture_output=True, text=True, check=True, timeout=60).stdout

    def commits(self, revisions: str = "main") -> list[Commit]:
        """Of the bare repository, newest first."""
        records = self.remote("log", f"--format={_FORM}", revisions).split("\x01\n")
        rows = [record.split("\x00") for record in records if record.strip()]
        return [Commit(sha, tuple(parents.split()), *rest) for sha, parents, *rest in rows]

    def head(self) -> Commit:
        """The newest commit of the branch."""
        return self.commits()[0]

    def refs(self) -> set[str]:
        """Names of all refs of the bare repository."""
        return set(self.remote("for-each-ref", "--format=%(refname)").split())

    def hook(self, name: str, shell: str) -> None:
        """Set a hook of the bare repository; it is shell text."""
        self.put(self.bare / "hooks" / name, f"#!/bin/bash\n{shell}\n", 0o755)

    def unhook(self, name: str) -> None:
        """Take a hook away."""
        (self.bare / "hooks" / name).unlink(missing_ok=True)

    # --- the API

    @property
    def address(self) -> str:
        """Of the daemon's pages, once it has written it down."""
        path = self.state / "http"
        until("the daemon's address", path.exists)
        return path.read_text().strip()

    def open(self, token: str = "admin", seconds: float = SECONDS) -> httpx.Client:
        """A client that shows one of the tokens, or none when it is empty."""
        headers = {"Authorization": f"Bearer {self.tokens[token]}"} if token else {}
        return httpx.Client(base_url=self.address, headers=headers, timeout=seconds, trust_env=False)

    def ask(
        self, method: str, path: str, body: object = None, *, token: str = "admin", key: str = "", **headers: str
    ) -> httpx.Response:
        """One request on a connection of its own."""
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        more |= {"Idempotency-Key": key} if key else {}
        with self.open(token) as client:
            return client.request(method, path, json=body, headers=more)

    def begin(self) -> None:
        """Start the daemon, and wait until it has looked at everything."""
        self.start()
        self.wait("a first turn", lambda shape: bool(shape.targets) and all(one.reachable for one in shape.targets))

    def line(self, name: str) -> tuple[str, str]:
        """State and health of a service; empty when the table does not have it."""
        shape = self.status()
        found = [one for one in shape.services if one.service == name] if shape else []
        return (found[0].state, found[0].health) if found else ("", "")


@contextmanager
def on_slurm(lab: Lab) -> Iterator[Desk]:
    """A desk whose daemon has looked at everything, until the end of the block; none of its jobs is left afterwards."""
    made = Desk(lab)
    try:
        made.begin()
        yield made
    finally:
        made.stop()
        living = [job.id for job in jobs(lab.slurm, made.owner) if job.alive]
        with suppress(LabError):
            if living:
                lab.slurm.command("scancel", *living)


def problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    """The problem document of an answer that has to be one of that status."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].partition(";")[0] == "application/problem+json"
    content: dict[str, Any] = answer.json()
    assert content["status"] == status
    return content


def accepted(answer: httpx.Response, status: int = 202) -> dict[str, Any]:
    """The content of an answer that has to say that a proposal is in the repository."""
    assert answer.status_code == status, answer.text
    content: dict[str, Any] = answer.json()
    return content


def events(lines: Sequence[str]) -> list[tuple[str, Any]]:
    """Kind and content of server-sent events, of which each has one line of data."""
    found: list[tuple[str, Any]] = []
    kind = "message"
    for line in lines:
        name, _, value = line.partition(":")
        if name == "event":
            kind = value.strip()
        elif name == "data":
            found.append((kind, json.loads(value)))
            kind = "message"
    return found
