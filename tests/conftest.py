"""Fixtures for all tests: the lab's parts, and factories on them."""

from lab.fixtures import lab_control_plane, lab_node, lab_prometheus, lab_slurm
from tests.e2e.fixtures import both, factory

__all__ = ["both", "factory", "lab_control_plane", "lab_node", "lab_prometheus", "lab_slurm"]
