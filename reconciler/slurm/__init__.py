"""Slurm: the only room that runs its commands.

`sbatch` (with `script`, `forms`, `shell` and `job.sh`) turns a service into a batch job. `squeue` and `history` read
what Slurm prints, `jobs` finds what is ours, `workloads` (with `states`, `reasons` and `endings`) says what it means.
`mark` is what joins the two. `commands` is the one door to the cluster, through which `observer` looks and `deployer`
writes.
"""

from reconciler.slurm.commands import SlurmCommands
from reconciler.slurm.deployer import SlurmDeployer
from reconciler.slurm.observer import SlurmObserver

__all__ = ["SlurmCommands", "SlurmDeployer", "SlurmObserver"]
