"""A service becomes a batch job.

`sbatch` makes the arguments and the script of one submission. `script` puts the script together: the supervisor, which
is bash (`slurm/inside`), and what this service wants of it, as words of bash (`shell`): how its server starts (`forms`,
with `apptainer`, `home` and `machines`), its folders (`data`), `secrets`, probes (`probing`) and `exporter`. `queue`
changes a living job, `output` reads what it wrote.
"""
