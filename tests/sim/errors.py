"""What the simulated slurmctld answers when it does not do what it was asked for."""

from __future__ import annotations


class SlurmError(Exception):
    """A refusal, in the words of slurm_errno.c."""


INVALID_JOB = "Invalid job id specified"
ALREADY_DONE = "Job/step already completing or completed"
FINISHED = "Job has already finished"
NOT_NOW = "Job can not be altered now, try again later"
DENIED = "Access/permission denied"
BAD_PARTITION = "Invalid partition name specified"
DISABLED = "Requested operation is presently disabled"
NOT_PENDING = "Job is no longer pending execution"
