"""Slurm: the only room that runs its commands.

`sbatch` (with `script`, `forms`, `shell` and `job.sh`) turns a service into a batch job, `squeue` (with `states`) turns
what Slurm prints into workloads, `mark` is what joins the two. `commands` is the one door to the cluster, through which
`observer` looks and `deployer` writes.
"""

from reconciler.slurm.commands import SlurmCommands
from reconciler.slurm.deployer import SlurmDeployer
from reconciler.slurm.observer import SlurmObserver

__all__ = ["SlurmCommands", "SlurmDeployer", "SlurmObserver"]
