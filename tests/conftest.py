"""The lab's fixtures, for all tests."""

from lab.fixtures import lab_control_plane, lab_node, lab_slurm

__all__ = ["lab_control_plane", "lab_node", "lab_slurm"]
