"""What may happen in a storm: each event does one thing to the site, and says in words what it was."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from tests.faults import power
from tests.faults.clock import set_clock
from tests.storm.weather import SERVICES, Storm

Event = Callable[[Storm], str]

_LOOKS = {
    "slow": "exec sleep 30",
    "cut": '"$real" "$@" | head --bytes=-20; exit 0',
    "empty": "exit 0",
    "with a banner": "echo '*** Welcome to the machine ***'",
    "with an error and code 0": "echo 'slurm_load_jobs error: Socket timed out on send/recv operation' >&2; exit 0",
}
_WRITES = {
    "no answer": '"$real" "$@" >/dev/null 2>&1; exec sleep 60',
    "not carried out, no answer": "exec sleep 60",
    "killed": '"$real" "$@" >/dev/null 2>&1; kill -KILL $$',
    "connection lost": (
        '"$real" "$@" >/dev/null 2>&1\necho "$name: error: Socket timed out on send/recv operation" >&2; exit 1'
    ),
}


def kill_daemon(storm: Storm) -> str:
    away = storm.dice.choice([0.0, 0.0, 1.0, 4.0])
    storm.kill_daemon()
    storm.pause(away)
    storm.site.start()
    return f"kill -9 of the daemon, away for {away:g} s"


def second_daemon(storm: Storm) -> str:
    first = storm.site.daemon
    assert first is not None
    storm.site.start()
    storm.pause(1)
    first.kill()
    first.wait()
    storm.kills += 1
    return "a second daemon waits, and the first one is killed"


def cancel(storm: Storm) -> str:
    job = storm.a_job("PENDING", "RUNNING")
    if job:
        storm.command("scancel", job.id)
    return f"scancel of {job.name} by hand" if job else ""


def crash(storm: Storm) -> str:
    job = storm.a_job("RUNNING")
    if job:
        storm.command("scancel", "--signal=KILL", "--full", job.id)
    return f"{job.name} is killed on its node" if job else ""


def hold(storm: Storm) -> str:
    job = storm.a_job("PENDING", "RUNNING")
    if job is None:
        return ""
    storm.command("scontrol", "hold" if job.state == "PENDING" else "requeuehold", job.id)
    storm.later(storm.dice.uniform(2, 6), partial(storm.command, "scontrol", "release", job.id))
    return f"{job.name} is held by hand for some seconds"


def requeue(storm: Storm) -> str:
    job = storm.a_job("RUNNING")
    if job:
        storm.command("scontrol", "requeue", job.id)
    return f"requeue of {job.name} by hand" if job else ""


def comment(storm: Storm) -> str:
    """Whoever does so while no daemon looks must put it back; so it is put back after a while."""
    job = storm.a_job("PENDING", "RUNNING")
    if job is None:
        return ""
    text = storm.dice.choice(["", "look at this", "rec1 o=storm s=x"])
    storm.command("scontrol", "update", f"JobId={job.id}", f"Comment={text}")
    stamp = job.stamp

    def mend() -> None:
        if job.alive and not job.marked:
            storm.command("scontrol", "update", f"JobId={job.id}", f"Comment={stamp}")

    storm.later(10, mend)
    return f"the comment of {job.name} is changed by hand"


def look(storm: Storm) -> str:
    kind = storm.dice.choice(sorted(_LOOKS))
    storm.site.tools.play("squeue", _LOOKS[kind])
    storm.pause(storm.dice.uniform(1, 3))
    storm.site.tools.stop("squeue")
    return f"squeue is {kind}" if kind in {"slow", "cut", "empty"} else f"squeue answers {kind}"


def write_fault(storm: Storm) -> str:
    program = storm.dice.choice(["sbatch", "sbatch", "scancel", "scontrol"])
    kind = storm.dice.choice(sorted(_WRITES))
    storm.site.tools.once(program, "", _WRITES[kind])
    return f"the next {program}: {kind}"


def controller(storm: Storm) -> str:
    slurm = storm.site.slurm
    end = storm.dice.choice([slurm.stop_controller, slurm.kill_controller])
    end()
    if end == slurm.kill_controller:
        storm.recorder.record.doubt()  # a submit that it had not saved may be gone, and its id is given again
    storm.pause(storm.dice.uniform(0.5, 3))
    slurm.start_controller()
    return "slurmctld is " + ("stopped" if end == slurm.stop_controller else "killed") + " and started"


def freeze(storm: Storm) -> str:
    storm.site.slurm.freeze_controller()
    storm.pause(storm.dice.uniform(1, 5))
    storm.site.slurm.thaw_controller()
    return "slurmctld hangs for some seconds"


def amnesia(storm: Storm) -> str:
    storm.site.slurm.stop_controller()
    storm.recorder.record.doubt()
    storm.site.slurm.start_controller(fresh=True)
    return "slurmctld loses its state"


def slurmd(storm: Storm) -> str:
    node = storm.dice.choice(sorted(set(storm.site.slurm.nodes) - storm.dark))
    storm.site.slurm.kill_node(node)
    storm.pause(storm.dice.uniform(0, 2))
    storm.site.slurm.start_node(node)
    return f"slurmd of {node} is killed and started"


def power_cut(storm: Storm) -> str:
    """For longer than a node may be silent (`SlurmdTimeout`); one node at a time."""
    if storm.dark:
        return ""
    slurm, node = storm.site.slurm, storm.dice.choice(storm.site.slurm.nodes)
    storm.dark.add(node)
    power.cut(slurm, node)

    def light() -> None:
        slurm.start_node(node)
        storm.dark.discard(node)

    storm.later(20, light)
    return f"{node} loses its power for 20 s"


def drain(storm: Storm) -> str:
    every = storm.site.slurm.nodes
    nodes = storm.dice.choice([every, every[:1], every[1:3]])
    for node in nodes:
        storm.admin("scontrol", "update", f"NodeName={node}", "State=DRAIN", "Reason=storm")

    def resume() -> None:
        for node in nodes:
            storm.admin("scontrol", "update", f"NodeName={node}", "State=RESUME")

    storm.later(storm.dice.uniform(2, 5), resume)
    return f"{', '.join(nodes)} drained for some seconds"


def preempt(storm: Storm) -> str:
    words = ["--partition=high", "--nodes=2", "--exclusive", "--job-name=guest", "--output=/dev/null", "--time=1"]
    storm.command("sbatch", *words, f"--wrap=sleep {storm.dice.randint(3, 6)}")
    return "a more important job wants two whole nodes"


def change(storm: Storm) -> str:
    wish = storm.a_wish()
    storm.desk.want(wish.but(config={"greeting": f"hello {storm.dice.randrange(10**6)}"}), f"change {wish.name}")
    return f"{wish.name} is changed in Git"


def restart(storm: Storm) -> str:
    wish = storm.a_wish()
    storm.desk.want(wish.but(restart=f"{storm.dice.randrange(10**6)}"), f"restart {wish.name}")
    return f"{wish.name} is restarted in Git"


def limit(storm: Storm) -> str:
    wish = storm.a_wish()
    slurm = {**wish.spec.get("slurm", {}), "time": storm.dice.choice(["1m", "2m", "30m", "1h"])}
    storm.desk.want(wish.but(slurm=slurm, renewal={"lead": "30s"}), f"limit of {wish.name}")
    return f"{wish.name} gets a limit of {slurm['time']}"


def scale(storm: Storm) -> str:
    wish = storm.a_wish()
    replicas = storm.dice.randint(1, 3)
    storm.desk.want(wish.but(replicas=replicas), f"scale {wish.name}")
    return f"{wish.name} shall have {replicas} replicas"


def suspend(storm: Storm) -> str:
    wish = storm.a_wish()
    storm.desk.want(wish.but(suspend=True), f"suspend {wish.name}")
    storm.later(storm.dice.uniform(1, 8), lambda: _resume(storm, wish.name))
    return f"{wish.name} is suspended for some seconds"


def remove(storm: Storm) -> str:
    wish = storm.a_wish()
    storm.desk.drop(wish.name)
    first = next(one for one in SERVICES if one.name == wish.name)
    storm.later(storm.dice.uniform(1, 8), lambda: storm.desk.want(first, f"{wish.name} again"))
    return f"{wish.name} is removed, and comes back later"


def bad_file(storm: Storm) -> str:
    wish = storm.a_wish()
    storm.desk.spoil(wish.name)
    storm.later(storm.dice.uniform(1, 4), lambda: _mend(storm, wish.name))
    return f"the file of {wish.name} is bad for some seconds"


def clock(storm: Storm) -> str:
    seconds = storm.dice.choice([-3600, 0, 3600])
    set_clock(storm.site, seconds)
    return f"the daemon's clock is {f'set {seconds:+} s off' if seconds else 'put right'}"


def _resume(storm: Storm, name: str) -> None:
    if name in storm.desk.wishes:
        storm.desk.want(storm.desk.wishes[name].but(suspend=False), f"resume {name}")


def _mend(storm: Storm, name: str) -> None:
    if name in storm.desk.wishes:
        storm.desk.want(storm.desk.wishes[name], f"mend {name}")


#: What may happen, and how often it does.
EVENTS: dict[Event, int] = {
    kill_daemon: 8,
    second_daemon: 2,
    cancel: 8,
    crash: 6,
    hold: 5,
    requeue: 6,
    comment: 5,
    look: 8,
    write_fault: 8,
    controller: 3,
    freeze: 2,
    amnesia: 1,
    slurmd: 3,
    power_cut: 1,
    drain: 3,
    preempt: 3,
    change: 8,
    restart: 5,
    limit: 3,
    scale: 4,
    suspend: 3,
    remove: 3,
    bad_file: 2,
    clock: 4,
}
