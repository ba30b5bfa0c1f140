"""The configuration of the lab's Slurm, as text: four nodes on one host, all of it on one address."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

NODES = ("n1", "n2", "n3", "n4")
CPUS = 8
MEMORY = 4000
# Fake GPUs must be character devices that differ; these are on every machine and need no mknod (root).
_DEVICES = ("/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
GPUS = len(_DEVICES)
GPU_TYPE = "a100"
ACCOUNT = "lab"
ACCOUNTS = (ACCOUNT, "second")
QOS = "urgent"
DBD = "slurmdbd"


@dataclass(frozen=True, slots=True)
class Choices:
    """What a test may choose; the words are those of slurm.conf(5), times are in seconds unless said otherwise.

    `min_job_age`: for how long squeue shows an ended job (Slurm's own default: 300).
    `kill_wait`: between SIGTERM and SIGKILL when a job is cancelled or over its time.
    `over_time_limit`: minutes for which a job may go on beyond its limit.
    `cred_expire`: how long a requeued job waits before it starts again; Slurm takes 120 for less than 5.
    `slurmd_timeout`: for how long a node may be silent before it is down and its jobs are requeued.
    `message_timeout`: how long any party waits for an answer. A node is down after some 11 s with 6 here and 3 there.
    `accounting`: with slurmdbd and MariaDB. `enforce`: what of it limits jobs, such as `associations,limits,qos`.
    `owner_only`: jobs run as a user who may do no more than their owner may (root); otherwise as SlurmUser, who may do
    everything.
    `state_size`: MiB of a disk of its own for the controller's state (root), so that it can run full; 0: none.
    """

    min_job_age: int = 300
    kill_wait: int = 5
    over_time_limit: int = 0
    cred_expire: int = 5
    slurmd_timeout: int = 60
    message_timeout: int = 10
    accounting: bool = False
    enforce: str = ""
    owner_only: bool = False
    state_size: int = 0


@dataclass(frozen=True, slots=True)
class Place:
    """Where one cluster lives. `host`, `address`: this machine's. `user`: whose jobs it runs. `admin`: SlurmUser.

    `ports`: the controller's, then one for each node, then slurmdbd's. `programs`: folder of Slurm's commands.
    """

    folder: Path
    host: str
    address: str
    user: str
    admin: str
    ports: tuple[int, ...]
    programs: Path

    @property
    def dbd_port(self) -> int:
        """The port of slurmdbd, where there is one."""
        return self.ports[-1]

    @property
    def conf(self) -> Path:
        """The file slurm.conf."""
        return self.folder / "slurm.conf"

    @property
    def socket(self) -> Path:
        """The socket of the cluster's own munged."""
        return self.folder / "munge.socket"

    @property
    def key(self) -> Path:
        """The key of the cluster's own munged."""
        return self.folder / "munge.key"


_PLUGINS = (
    "ProctrackType=proctrack/linuxproc",
    "TaskPlugin=task/none",
    "JobAcctGatherType=jobacct_gather/none",
    "MpiDefault=none",
    "SelectType=select/cons_tres",
    "SelectTypeParameters=CR_CPU_Memory",
    "GresTypes=gpu",
    "SlurmdParameters=config_overrides",
    "PropagateResourceLimits=NONE",
    "ReturnToService=2",
    "SchedulerParameters=batch_sched_delay=0,sched_interval=1,bf_interval=1,default_queue_depth=1000",
    f"DefMemPerCPU={MEMORY // CPUS}",
    "MaxJobCount=50000",
    "JobRequeue=1",
    "PreemptType=preempt/partition_prio",
    "PreemptMode=REQUEUE",
    "MailProg=/bin/true",
)
_NO_ACCOUNTING = ("AccountingStorageType=accounting_storage/none",)


def slurm_conf(place: Place, choices: Choices) -> str:
    """Text of slurm.conf (slurm.conf(5)).

    config_overrides: nodes have what is written here, whatever the host has. NoCtldInAddrAny, NoInAddrAny: listen
    on the address of the host's name only. The scheduler looks at once and often; a test should not wait for it.
    """
    controller, *nodes, _ = place.ports
    lines = [
        "ClusterName=lab",
        f"SlurmctldHost={place.host}({place.address})",
        f"SlurmctldPort={controller}",
        f"SlurmUser={place.admin}",
        f"SlurmdUser={place.admin}",
        "AuthType=auth/munge",
        "CredType=cred/munge",
        f"AuthInfo=socket={place.socket},cred_expire={choices.cred_expire}",
        "CommunicationParameters=NoCtldInAddrAny,NoInAddrAny",
        f"StateSaveLocation={place.folder}/state",
        f"SlurmdSpoolDir={place.folder}/spool/%n",
        f"SlurmctldPidFile={place.folder}/slurmctld.pid",
        f"SlurmdPidFile={place.folder}/slurmd-%n.pid",
        f"SlurmdLogFile={place.folder}/slurmd-%n.log",
        "SlurmctldSyslogDebug=quiet",
        "SlurmdSyslogDebug=quiet",
        *_PLUGINS,
        *_times(choices),
        *(_accounting(place, choices.enforce) if choices.accounting else _NO_ACCOUNTING),
        *(_node(name, place, port) for name, port in zip(NODES, nodes, strict=True)),
        *_partitions(),
    ]
    return "\n".join(lines) + "\n"


def gres_conf() -> str:
    """Text of gres.conf (gres.conf(5))."""
    return f"Name=gpu Type={GPU_TYPE} File={','.join(_DEVICES)}\n"


def cgroup_conf(version: tuple[int, ...]) -> str:
    """Text of cgroup.conf: a newer slurmd wants cgroups unless told otherwise; an older one knows no such word."""
    return "CgroupPlugin=disabled\n" if version >= (24, 5) else ""


def wrapper(place: Place, program: str, user: str) -> str:
    """Text of a small program that runs one of Slurm's commands on this cluster; root becomes `user` first.

    Slurm allows root everything; jobs of root would be no test.
    """
    real = place.programs / program
    become = f'setpriv --reuid {user} --regid {user} --init-groups {real} "$@"'
    return f'#!/bin/sh\nexport SLURM_CONF={place.conf}\n[ "$(id -u)" != 0 ] || exec {become}\nexec {real} "$@"\n'


def _times(choices: Choices) -> list[str]:
    return [
        f"MinJobAge={choices.min_job_age}",
        f"KillWait={choices.kill_wait}",
        "InactiveLimit=0",
        f"OverTimeLimit={choices.over_time_limit}",
        f"MessageTimeout={choices.message_timeout}",
        f"SlurmdTimeout={choices.slurmd_timeout}",
    ]


def _accounting(place: Place, enforce: str) -> list[str]:
    """Without the password, which is the socket of munged here, the default socket would be asked."""
    return [
        "AccountingStorageType=accounting_storage/slurmdbd",
        f"AccountingStorageHost={place.address}",
        f"AccountingStoragePort={place.dbd_port}",
        f"AccountingStoragePass={place.socket}",
        "AccountingStoreFlags=job_comment",
        *([f"AccountingStorageEnforce={enforce}"] if enforce else []),
    ]


def _partitions() -> list[str]:
    """Three that nobody preempts; then `high`, which preempts the jobs of `low` and `scavenge` in their two ways.

    Without GraceTime a preempted job has SIGTERM at once and SIGKILL after KillWait; with it, Slurm 22.05 takes up to
    15 s until it sends either.
    """
    plain = {"main": "Default=YES MaxTime=INFINITE", "gpu": "MaxTime=INFINITE", "short": "MaxTime=00:02:00"}
    ranked = {
        "low": "PriorityTier=1 PreemptMode=REQUEUE",
        "scavenge": "PriorityTier=1 PreemptMode=CANCEL",
        "high": "PriorityTier=10 PreemptMode=OFF",
    }
    rules = {name: f"{words} PreemptMode=OFF" for name, words in plain.items()} | ranked
    return [f"PartitionName={name} Nodes=ALL {words} State=UP" for name, words in rules.items()]


def _node(name: str, place: Place, port: int) -> str:
    size = f"CPUs={CPUS} RealMemory={MEMORY} Gres=gpu:{GPU_TYPE}:{GPUS}"
    return f"NodeName={name} NodeHostname={place.host} NodeAddr={place.address} Port={port} {size} State=UNKNOWN"
