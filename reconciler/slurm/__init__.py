"""Slurm: the only room that runs its commands."""
