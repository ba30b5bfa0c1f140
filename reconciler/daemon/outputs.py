"""Reading what services write, target by target."""

from __future__ import annotations

from reconciler.kube.kubectl import logs_command
from reconciler.models.output import Output
from reconciler.models.workload import Workload
from reconciler.settings import Settings, SlurmTarget
from reconciler.shapes.logs import Question
from reconciler.slurm.job.output import JobOutput


class TargetOutputs:
    """Of Slurm, the files of jobs; for Kubernetes, the command that a person runs. Implements shapes.logs.Outputs."""

    def __init__(self, settings: Settings) -> None:
        targets = settings.targets.items()
        self._readers = {name: JobOutput(one.folders) for name, one in targets if isinstance(one, SlurmTarget)}

    def together(self, target: str) -> bool:
        """Whether one workload stands for all replicas of a service there."""
        return target not in self._readers

    def read(self, workload: Workload, question: Question) -> Output:
        """What is asked for."""
        reader = self._readers.get(workload.target)
        if reader is not None:
            return reader.read(workload, question.lines, question.starts.get(workload.id))
        asked = question
        command = logs_command(workload, asked.lines, follow=asked.follow, previous=asked.previous, pod=asked.replica)
        return Output(command=command)
