"""`python -m lab demo` (`make run`): a lab, a demo repository made of `desired/`, the daemon, and a live table."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from secrets import token_hex

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from lab import host
from lab.factory import Factory, is_healthy
from lab.host import LabError
from lab.keeper import Size
from lab.lab import Lab
from reconciler.cli.table import plain, render
from reconciler.shapes.status import StatusShape

_ROOT = Path(__file__).parents[1]
_PAUSE = 0.5
_NOTES = 10.0  # seconds between two lines about a build, where there is no live table
_SLURM_SECONDS = 180.0
_SECRET = ("postgres-demo", "password")


def demo(patience: float | None, *, kubernetes: bool) -> int:
    """Run the demo until Ctrl-C; with `patience` (seconds) until everything is healthy. Returns the exit code."""
    for number in (signal.SIGTERM, signal.SIGINT):  # a shell's background job begins with SIGINT ignored
        signal.signal(number, signal.default_int_handler)
    until = None if patience is None else time.monotonic() + patience
    with_node = kubernetes and _node_possible()
    try:
        host.install("demo")
        with _start("node" if with_node else "none") as lab:
            lab.wait("slurm", _SLURM_SECONDS, _say)
            show = Demo(lab, with_node=with_node)
            try:
                return show.run(until)
            finally:
                show.factory.stop()
    except KeyboardInterrupt:
        _say("everything that was started here has ended")
        return 0


class Demo:
    """What is on the screen while the demo runs."""

    def __init__(self, lab: Lab, *, with_node: bool) -> None:
        self.factory = Factory(lab, "demo", owner="demo")
        self._lab = lab
        self._console = Console()
        self._kubeconfig = self.factory.folder / "kubeconfig" if with_node else None
        self._note = "kubernetes: starting" if with_node else ""
        self._next_note = 0.0
        self._password = token_hex(16)
        self._shown: set[str] = set()
        self._names: tuple[str, ...] = ()

    def run(self, until: float | None) -> int:
        """Show how it stands, again and again; where `until` (monotonic seconds) is given, 0 once all is healthy."""
        self._prepare()
        self.factory.start()
        self.factory.wait("it serves", lambda _: True, 30)
        _say(self._hint())
        if not self._console.is_terminal:
            return self._follow(until, self._lines)
        with Live(console=self._console, auto_refresh=False) as live:
            return self._follow(until, lambda shape: live.update(self._screen(shape), refresh=True))

    def _prepare(self) -> None:
        self.factory.secret(*_SECRET, self._password)
        texts = {file.name: file.read_text("utf-8") for file in sorted((_ROOT / "desired").glob("*.yaml"))}
        if self._kubeconfig is None:
            texts = {name: text for name, text in texts.items() if "target: kubernetes" not in text}
        self._names = tuple(name.removesuffix(".yaml") for name in texts)
        self.factory.commit({f"desired/{name}": text for name, text in texts.items()}, "The services of the demo")
        # The usual address where it is free, so that people find it again.
        listen = "127.0.0.1:9464" if host.port_is_free(9464) else "127.0.0.1:0"
        self.factory.configure(kubeconfig=self._kubeconfig, http={"listen": listen})

    def _follow(self, until: float | None, show: Callable[[StatusShape], None]) -> int:
        while True:
            self._join()
            shape = self.factory.status()
            if self.factory.daemon is not None and self.factory.daemon.poll() is not None:
                raise LabError(f"the daemon ended; its log is {self.factory.log}")
            if shape is not None:
                show(shape)
            if until is not None and shape is not None and all(is_healthy(shape, name) for name in self._names):
                _say(f"all {len(self._names)} services are healthy")
                return 0
            if until is not None and time.monotonic() > until:
                _say("not all services became healthy in time")
                return 1
            time.sleep(_PAUSE)

    def _join(self) -> None:
        """Show how far Kubernetes is; once it is up, give it the demo's secret, and the daemon the way to it."""
        if self._kubeconfig is None or self._kubeconfig.exists():
            return
        report = self._lab.reports()["kubernetes"]
        self._note = f"kubernetes: {report.progress}"
        if report.state == "failed":
            self._note = f"kubernetes cannot run here, the rest goes on: {report.progress}"
        elif report.state == "ready":
            facts = self._lab.kubernetes
            name, key = _SECRET
            literal = f"--from-literal={key}={self._password}"
            facts.kubectl("create", "secret", "generic", name, "--namespace=ai", literal)
            self.factory.put(self._kubeconfig, facts.daemon_kubeconfig.read_bytes(), 0o600)
            self._note = ""
        if not self._note or time.monotonic() > self._next_note:
            self._once(self._note or "kubernetes: ready")
            self._next_note = time.monotonic() + _NOTES

    def _lines(self, shape: StatusShape) -> None:
        for line in plain(shape):
            self._once(line)

    def _screen(self, shape: StatusShape) -> Group:
        notes = [Text(self._note, style="cyan")] if self._note else []
        return Group(*notes, render(shape))

    def _once(self, line: str) -> None:
        """Say a line that was not said yet (where there is no live table)."""
        if line not in self._shown and not self._console.is_terminal:
            self._shown.add(line)
            _say(line)

    def _hint(self) -> str:
        """Where the pages are, and the lines to type to change something, by hand and by a verb."""
        address = (self.factory.state / "http").read_text("utf-8").strip()
        repository = self.factory.repository
        edit = f"sed -i 's/dimension: 64/dimension: 128/' {repository}/desired/faiss-slurm.yaml"
        commit = f"git -C {repository} -c safe.directory='*' commit -qam 'longer vectors'"
        verb = f"{sys.prefix}/bin/reconciler start faiss --set dimension=32 --wait --config {self.factory.settings}"
        pages = f"metrics: {address}/metrics\nservices: {address}/services"
        return f"{pages}\nchange something: {edit} && {commit}\nstart one more: {verb}"


def _start(size: Size) -> Lab:
    """A lab called `demo`, so that its paths are short; of another name where one runs already."""
    try:
        return Lab.start(slurm=True, kubernetes=size, name="demo")
    except LabError:
        return Lab.start(slurm=True, kubernetes=size)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _node_possible() -> bool:
    """Whether a Kubernetes node can run here; says so when not."""
    if not host.is_root():
        _say("Kubernetes is left out: its node needs root (network namespaces, containers); Slurm runs without")
    return host.is_root()
