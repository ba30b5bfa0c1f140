"""The lab: a real Slurm and a real one-node Kubernetes on one machine, for tests, benchmarks and `make run`."""
