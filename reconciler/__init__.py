"""Reconciler: GitOps for AI services on Kubernetes and Slurm."""

__version__ = "0.1.0"
