"""Reading what services write, target by target."""

from __future__ import annotations

from reconciler.kube.output.reader import PodOutput
from reconciler.models.output import Output, Question
from reconciler.models.workload import Workload
from reconciler.settings import KubernetesTarget, Settings, SlurmTarget
from reconciler.slurm.job.output import JobOutput


class TargetOutputs:
    """Of Slurm, the files of jobs; of Kubernetes, what the API server gives. Implements shapes.logs.Outputs."""

    def __init__(self, settings: Settings) -> None:
        targets = settings.targets.items()
        self._jobs = {name: JobOutput(one.folders) for name, one in targets if isinstance(one, SlurmTarget)}
        self._pods = {name: PodOutput(one) for name, one in targets if isinstance(one, KubernetesTarget)}

    def together(self, target: str) -> bool:
        """Whether one workload stands for all replicas of a service there."""
        return target in self._pods

    def read(self, workload: Workload, question: Question) -> tuple[Output, ...]:
        """What is asked for."""
        if (pods := self._pods.get(workload.target)) is not None:
            return pods.read(workload, question)
        jobs = self._jobs.get(workload.target)
        return (jobs.read(workload, question.lines, question.starts.get(workload.id)),) if jobs is not None else ()

    def last(self, workload: Workload) -> str:
        """The last lines of one, without secrets; "" where they cannot be read. Implements shapes.story.LastLines."""
        if (pods := self._pods.get(workload.target)) is not None:
            return pods.last(workload)
        jobs = self._jobs.get(workload.target)
        return jobs(workload) if jobs is not None else ""

    def close(self) -> None:
        """Close all connections."""
        for pods in self._pods.values():
            pods.close()
