"""The one door to a cluster: Slurm's commands run, and their failures become our errors."""
