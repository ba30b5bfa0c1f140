"""A simulated Slurm in virtual time, the whole daemon on it, and random walks that check the ten rules.

`cluster` is Slurm itself over a dict, `job` and `processes` what runs on it, `slurm` its commands as the daemon's door
sees them, `faults` a door that fails. `daemon` is the real turn behind that door; `walk` drives all of it by a seed,
and `rules` says what must never be. `test_honesty` runs the same commands here and on the real slurmctld.
"""
