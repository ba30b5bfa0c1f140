"""Fixtures for all tests: the lab's parts, and factories on them."""

from hypothesis import settings

from lab.fixtures import lab_control_plane, lab_node, lab_prometheus, lab_slurm
from tests.e2e.fixtures import both, factory

__all__ = ["both", "factory", "lab_control_plane", "lab_node", "lab_prometheus", "lab_slurm"]

# How long an example takes says how busy the machine is; what takes too long is measured in tests/bench.
settings.register_profile("house", deadline=None)
settings.load_profile("house")
