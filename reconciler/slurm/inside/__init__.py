"""The supervisor that runs inside jobs, in bash: read `job.sh` first, then what it calls. Nobody imports them.

`children` starts and ends processes, `ports`, `data`, `secrets` and `exporter` make ready what a service needs, `probe`
asks the server for its health, `report` tells Slurm. `slurm.job.script` makes one text of all.
"""
