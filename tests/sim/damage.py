"""What goes wrong with a cluster: nodes that are lost and come back, and a slurmctld that has lost its state."""

from __future__ import annotations

from dataclasses import replace

from tests.sim.cluster import Cluster
from tests.sim.job import Process


def lose_node(cluster: Cluster, name: str, *, power: bool) -> None:
    """A node does not answer any more; without power its processes are gone as well."""
    node = cluster.nodes[name]
    node.lost, node.dead = cluster.now if node.lost is None else node.lost, power
    for process in _processes_on(cluster, name) if power else ():
        process.signal("KILL", cluster.now)


def return_node(cluster: Cluster, name: str) -> None:
    """It answers again; what slurmctld has given up is killed there a moment later."""
    node = cluster.nodes[name]
    node.lost, node.dead, node.down = None, False, False
    cluster.ghosts = [
        replace(ghost, kill_at=cluster.now + 1) if ghost.node == name else ghost for ghost in cluster.ghosts
    ]
    cluster.settle()


def lose_state(cluster: Cluster) -> None:
    """slurmctld -c: it knows no job, counts from 1 again, and kills what runs as soon as it hears of it."""
    for job in cluster.live.values():
        cluster.abandon(job, cluster.now + 2)
    cluster.forget_all()


def _processes_on(cluster: Cluster, name: str) -> list[Process]:
    mine = [job.process for job in cluster.live.values() if name in job.where and job.process is not None]
    return mine + [ghost.process for ghost in cluster.ghosts if ghost.node == name]
