"""What goes wrong with a cluster: nodes that are lost and come back, and a slurmctld that has lost its state."""

from __future__ import annotations

from dataclasses import replace

from tests.sim.cluster import Cluster
from tests.sim.job import Process
from tests.sim.site import Loss


def lose_node(cluster: Cluster, name: str, how: Loss) -> None:
    """A node does not answer any more."""
    node = cluster.nodes[name]
    node.lost = cluster.now if node.lost is None else node.lost
    node.cut |= how is not Loss.SLURMD
    if how is Loss.POWER:
        node.dead = True
        for process in _processes_on(cluster, name):
            process.signal("KILL", cluster.now)


def return_node(cluster: Cluster, name: str) -> None:
    """It answers again; what slurmctld has given up is killed there a moment later."""
    node = cluster.nodes[name]
    node.lost, node.dead, node.down, node.cut = None, False, False, False
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
