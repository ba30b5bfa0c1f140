"""`python -m lab demo` (`make run`): a lab, a demo repository made of `desired/`, the daemon, and a live table."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from pathlib import Path
from secrets import token_hex

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from lab import host
from lab.factory import Factory
from lab.host import LabError
from lab.lab import Lab
from reconciler.cli.table import plain, render
from reconciler.web.shapes import StatusShape

_ROOT = Path(__file__).parents[1]
_PAUSE = 0.5
_SECRET = ("postgres-demo", "password")


def demo(*, until_healthy: bool, minutes: float, kubernetes: bool) -> int:
    """Run the demo until Ctrl-C, or until everything is healthy; returns the exit code."""
    console = Console()
    with_node = kubernetes and _node_possible()
    host.install("services")
    with Lab.start(slurm=True, kubernetes="node" if with_node else "none") as lab:
        lab.wait("slurm", 120, _say)
        show = Demo(lab, console, with_node=with_node)
        try:
            return show.run(until=time.monotonic() + minutes * 60 if until_healthy else None)
        except KeyboardInterrupt:
            _say("stopping everything that was started here")
            return 0
        finally:
            show.factory.stop()


class Demo:
    """What is on the screen while the demo runs."""

    def __init__(self, lab: Lab, console: Console, *, with_node: bool) -> None:
        self.factory = Factory(lab, owner="demo")
        self._lab = lab
        self._console = console
        self._with_node = with_node
        self._joined = not with_node
        self._shown: set[str] = set()
        self._names: tuple[str, ...] = ()

    def run(self, until: float | None) -> int:
        """Show how it stands, again and again; 0 once all is healthy where `until` (monotonic seconds) is given."""
        self._prepare()
        self.factory.start()
        _say(self._hint())
        if not self._console.is_terminal:
            return self._follow(until, self._lines)
        with Live(Text("the daemon starts"), console=self._console, auto_refresh=False) as live:
            return self._follow(until, lambda shape: live.update(self._screen(shape), refresh=True))

    def _prepare(self) -> None:
        password = token_hex(16)
        self.factory.secret(*_SECRET, password)
        self._password = password
        texts = {f"desired/{file.name}": file.read_text() for file in sorted((_ROOT / "desired").glob("*.yaml"))}
        if not self._with_node:
            texts = {path: text for path, text in texts.items() if "target: kubernetes" not in text}
        self.factory.commit(texts, "The services of the demo")
        kubeconfig = self._lab.folder / "kubernetes" / "daemon.kubeconfig" if self._with_node else None
        self.factory.configure(kubeconfig=kubeconfig, http={"listen": _listen()})
        self._names = tuple(Path(path).stem for path in texts)

    def _follow(self, until: float | None, show: object) -> int:
        assert callable(show)
        while True:
            self._join()
            shape = self.factory.status()
            if self.factory.daemon is not None and self.factory.daemon.poll() is not None:
                raise LabError(f"the daemon ended; its log is {self.factory.log}")
            if shape is not None:
                show(shape)
                if until is not None and self._joined and self._all_healthy(shape):
                    _say(f"all {len(self._names)} services are healthy")
                    return 0
            if until is not None and time.monotonic() > until:
                _say("not healthy in time")
                return 1
            time.sleep(_PAUSE)

    def _join(self) -> None:
        """Once Kubernetes is up, give it the secret that the demo's database needs."""
        if self._joined:
            return
        report = self._lab.reports()["kubernetes"]
        if report.state == "failed":
            raise LabError(
                f"kubernetes cannot run here: {report.progress}; `make run ARGS=--no-kubernetes` does without"
            )
        if report.state != "ready":
            self._once(f"kubernetes: {report.progress}")
            return
        name, key = _SECRET
        literal = f"--from-literal={key}={self._password}"
        self._lab.kubernetes.kubectl("create", "secret", "generic", name, "--namespace=ai", literal)
        self._joined = True
        self._once("kubernetes: ready")

    def _all_healthy(self, shape: StatusShape) -> bool:
        healthy = {one.service for one in shape.services if (one.state, one.health) == ("Running", "Healthy")}
        return healthy.issuperset(self._names)

    def _lines(self, shape: StatusShape) -> None:
        for line in plain(shape):
            self._once(line)

    def _screen(self, shape: StatusShape) -> Group:
        notes: Iterable[Text] = ()
        if not self._joined:
            notes = (Text(f"kubernetes: {self._lab.reports()['kubernetes'].progress}", style="cyan"),)
        return Group(Text(self._hint(), style="dim"), *notes, render(shape))

    def _once(self, line: str) -> None:
        """Say a line that was not said yet (only where there is no live table)."""
        if line not in self._shown and not self._console.is_terminal:
            self._shown.add(line)
            _say(line)

    def _hint(self) -> str:
        repository = self.factory.repository
        example = repository / "desired" / "faiss-slurm.yaml"
        edit = f"sed -i 's/dimension: .*/dimension: 128/' {example}"
        commit = f"git -C {repository} commit -qam 'another dimension'"
        address = (self.factory.state / "http").read_text().strip() if (self.factory.state / "http").exists() else ""
        return f"metrics: {address or 'soon'}/metrics   change something: {edit} && {commit}"


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _listen() -> str:
    """The usual address where it is free, so that people find it again; otherwise any."""
    return "127.0.0.1:9464" if host.port_is_free(9464) else "127.0.0.1:0"


def _node_possible() -> bool:
    """Whether a Kubernetes node can run here; says so when not."""
    if host.is_root():
        return True
    _say("Kubernetes is left out: its node needs root (network namespaces, containers); Slurm runs without")
    return False
