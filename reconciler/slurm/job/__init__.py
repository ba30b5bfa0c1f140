"""A service becomes a batch job.

`sbatch` makes the arguments and the script of one submission, from `script` (with `forms` and `shell`) and from the
supervisor, `job.sh` with `report.sh`, which runs in the job. `queue` changes a living job, `output` reads what it
wrote.
"""
