"""The lab's Slurm through our own observer and deployer."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

from lab.slurm import SlurmFacts
from lab.wait import until
from reconciler.models.health import Health
from reconciler.models.wanted import ResolvedService
from reconciler.models.workload import Phase, Workload
from reconciler.settings import SlurmTarget
from reconciler.slurm import SlurmCommands, SlurmDeployer, SlurmObserver
from reconciler.slurm.look.clock import Clock
from tests.slurm.services import OWNER, recipe, resolved, target

SECONDS = 30.0
_numbers = count()


class Cluster:
    """One cluster, and what our rooms see and do there."""

    def __init__(self, facts: SlurmFacts) -> None:
        self.facts = facts
        site = self._site()
        self.observer = SlurmObserver("slurm", OWNER, SlurmCommands(site.transport, 30.0), facts.logs)
        self.deployer = self.deployer_for()

    def _site(self, **fields: object) -> SlurmTarget:
        return target(self.facts.folder, transport={"conf": self.facts.conf, "bin": self.facts.bin}, **fields)

    def deployer_for(self, clock: Clock | None = None, **fields: object) -> SlurmDeployer:
        """A deployer with a clock or settings of its own."""
        site = self._site(**fields)
        return SlurmDeployer(site, OWNER, SlurmCommands(site.transport, 30.0), clock)

    def service(self, spec: dict[str, object] | None = None, **fields: object) -> ResolvedService:
        """A small service with a name of its own; `fields` are those of its recipe, `spec` its own."""
        small = {"resources": {"cpus": 1, "memory": "64Mi"}}
        return resolved(f"web{next(_numbers)}", recipe(**fields), **small | (spec or {}))

    def seen(self, service: str) -> tuple[Workload, ...]:
        """All workloads of a service, in the order of their ids."""
        look = self.observer.look()
        assert look.complete, look.why
        return tuple(
            sorted((one for one in look.workloads if one.mark.service == service), key=lambda one: int(one.id))
        )

    def wait(self, service: str, what: Callable[[Workload], bool]) -> Workload:
        """The newest workload of a service, once `what` is so."""
        found: list[Workload] = []

        def ready() -> bool:
            found[:] = self.seen(service)[-1:]
            return any(map(what, found))

        until(ready, SECONDS, f"{service} gets there")
        return found[0]

    def submit(self, *options: str) -> str:
        """A job of somebody else under the same account; its id."""
        output = self.facts.command(
            "sbatch", "--parsable", "--mem=16M", "--chdir=/", "--output=/dev/null", *options, "--wrap=sleep 60"
        )
        return output.strip()

    def squeue(self, job: str, words: str) -> str:
        """What squeue says of a job in the words of its --format."""
        return self.facts.command("squeue", "--noheader", "--states=all", f"--jobs={job}", f"--format={words}").strip()

    def close(self) -> None:
        """End all jobs."""
        jobs = self.facts.command("squeue", "--me", "--noheader", "--format=%A").split()
        if jobs:
            self.facts.command("scancel", "--signal=KILL", "--full", "--quiet", *jobs)
            self.facts.command("scancel", "--quiet", *jobs)
        until(lambda: not self.facts.command("squeue", "--me", "--noheader").strip(), SECONDS, "all jobs have ended")


def healthy(workload: Workload) -> bool:
    return workload.health is Health.HEALTHY


def ended(workload: Workload) -> bool:
    return workload.phase is Phase.ENDED
