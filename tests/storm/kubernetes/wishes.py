"""What happens in Git, and to the daemons."""

from __future__ import annotations

import signal
from functools import partial

from lab.host import LabError
from tests.storm.kubernetes.sky import SERVICES, Storm


def change(storm: Storm) -> str:
    wish = storm.a_wish()
    config = {"greeting": f"hello {storm.dice.randrange(10**6)}"}
    storm.desk.want(wish.but(config=config), f"change {wish.name}")
    return f"{wish.name} is changed in Git"


def restart(storm: Storm) -> str:
    wish = storm.a_wish()
    storm.desk.want(wish.but(restart=f"{storm.dice.randrange(10**6)}"), f"restart {wish.name}")
    return f"{wish.name} is restarted in Git"


def scale(storm: Storm) -> str:
    wish, replicas = storm.a_wish(), storm.dice.randint(0, 3)
    storm.desk.want(wish.but(replicas=replicas), f"scale {wish.name}")
    return f"{wish.name} shall have {replicas} replicas"


def suspend(storm: Storm) -> str:
    wish = storm.a_wish()
    storm.desk.want(wish.but(suspend=True), f"suspend {wish.name}")
    storm.later(storm.dice.uniform(1, 8), partial(_resume, storm, wish.name))
    return f"{wish.name} is suspended for some seconds"


def remove(storm: Storm) -> str:
    """Never while files have vanished without leave: this commit's leave would hold for those too."""
    seconds, wish = storm.dice.uniform(1, 8), storm.a_wish()
    if storm.desk.held or len(storm.desk.wishes) < 8:
        return ""
    storm.desk.drop(wish.name)
    storm.later(seconds, partial(_again, storm, wish.name))
    return f"{wish.name} is removed, and comes back later"


def squat(storm: Storm) -> str:
    """Somebody takes the name of a service that was removed; it comes back, and waits until he has left."""
    wish = storm.a_wish()
    if storm.desk.held or len(storm.desk.wishes) < 8:
        return ""
    storm.desk.drop(wish.name)

    def move_in() -> None:
        try:
            storm.strangers.make(wish.name, {"labels": {"app": "squatter"}})
        except LabError:
            return  # the service's own is still there
        storm.later(12, partial(storm.strangers.leave, wish.name))

    storm.later(4, move_in)
    storm.later(10, partial(_again, storm, wish.name))
    return f"{wish.name} is removed, somebody takes its name, and it comes back"


def lose(storm: Storm) -> str:
    seconds, names = storm.dice.uniform(3, 8), storm.dice.sample(sorted(storm.desk.wishes), 5)
    if storm.desk.held or len(storm.desk.wishes) < 8:
        return ""
    storm.desk.lose(names)
    storm.later(seconds, storm.desk.mend)
    return f"the files of {', '.join(sorted(names))} vanish without leave"


def bad_file(storm: Storm) -> str:
    wish = storm.a_wish()
    storm.desk.spoil(wish.name)
    storm.later(storm.dice.uniform(1, 4), partial(_mend, storm, wish.name))
    return f"the file of {wish.name} is bad for some seconds"


def recast(storm: Storm) -> str:
    wish = storm.a_wish()
    recipe = "ledger" if wish.recipe == "web" else "web"
    if wish.spec.get("replicas"):
        return ""
    storm.desk.want(type(wish)(wish.name, recipe, wish.spec), f"recast {wish.name}")
    return f"{wish.name} is of the recipe {recipe} now"


def kill_daemon(storm: Storm) -> str:
    away = storm.dice.choice([0.0, 0.0, 1.0, 4.0])
    storm.kills += 1
    storm.running.stop(signal.SIGKILL)
    storm.pause(away)
    storm.running.start()
    return f"kill -9 of the daemon, away for {away:g} s"


def change_daemon(storm: Storm) -> str:
    number = storm.dice.choice([signal.SIGKILL, signal.SIGTERM])
    storm.kills += number == signal.SIGKILL
    storm.change_daemon(number)
    return f"a second daemon waits, and the first one gets {number.name}"


def _resume(storm: Storm, name: str) -> None:
    if name in storm.desk.held:
        storm.later(1, partial(_resume, storm, name))
    elif name in storm.desk.wishes:
        storm.desk.want(storm.desk.wishes[name].but(suspend=False), f"resume {name}")


def _again(storm: Storm, name: str) -> None:
    if name not in storm.desk.wishes:
        storm.desk.want(next(one for one in SERVICES if one.name == name), f"{name} again")


def _mend(storm: Storm, name: str) -> None:
    if name in storm.desk.held:
        storm.later(1, partial(_mend, storm, name))
    elif name in storm.desk.wishes:
        storm.desk.want(storm.desk.wishes[name], f"mend {name}")
