"""Slurm: the only room that runs its commands.

`observer` looks and `deployer` writes; `mark` is what joins the two: the text of a job's comment. Behind them are
four rooms: `door` runs Slurm's commands, `look` turns what they print into workloads, `job` turns a service into a
batch job, `data` finds and removes the folders that services leave behind.
"""

from reconciler.slurm.deployer import SlurmDeployer
from reconciler.slurm.door.commands import SlurmCommands
from reconciler.slurm.observer import SlurmObserver

__all__ = ["SlurmCommands", "SlurmDeployer", "SlurmObserver"]
