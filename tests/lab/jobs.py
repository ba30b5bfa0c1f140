"""Jobs of the lab's Slurm, as tests of the lab want them."""

from __future__ import annotations

from lab.lab import Lab
from lab.slurm import SlurmFacts
from lab.wait import until


def submit(slurm: SlurmFacts, *options: str) -> str:
    """Submit a job and return its id."""
    return slurm.command("sbatch", "--parsable", "--chdir=/tmp", "--output=/dev/null", *options).strip()


def running(slurm: SlurmFacts, *options: str, wrap: str = "sleep 600") -> str:
    """A job that runs until it is cancelled."""
    job = submit(slurm, *options, f"--wrap={wrap}")
    until(lambda: state(slurm, job) == "RUNNING", 30, f"job {job} runs")
    return job


def state(slurm: SlurmFacts, job: str) -> str:
    """State of a job in words."""
    return slurm.command("squeue", "--noheader", "--states=all", f"--jobs={job}", "--format=%T").strip()


def reason(slurm: SlurmFacts, job: str) -> str:
    """Why a job waits, in Slurm's words."""
    return slurm.command("squeue", "--noheader", f"--jobs={job}", "--format=%r").strip()


def busy(lab: Lab) -> None:
    """Give Slurm a job whose processes leave their session."""
    running(lab.slurm, wrap="setsid sleep 600 & sleep 600")
