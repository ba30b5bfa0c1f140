"""What Slurm prints becomes what is seen.

`squeue` (and `history` for sacct) reads text into records; `jobs` tells which are ours; `states`, `reasons` and
`endings` say what Slurm's words mean; `workloads` puts it together. `memory`, `past`, `reports`, `maintenance` and
`clock` help the observer over what one squeue does not tell.
"""
