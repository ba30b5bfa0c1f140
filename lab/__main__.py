"""`python -m lab`: bring a lab up, see what runs, take it down."""

from __future__ import annotations

import argparse
import json
import sys
from functools import partial
from pathlib import Path

from lab import control, runs
from lab.host import LabError
from lab.keeper import Size, Wish, keep
from lab.kubernetes_choices import ServerChoices
from lab.lab import Lab
from lab.slurm_conf import Choices
from lab.state import PartName, read

DEFAULT_NAME = "default"
_TIMES = {"slurm": 120.0, "kubernetes": 3600.0}


def main() -> int:
    """Do what the command line says; returns the exit code: 0 done, 1 not, 2 wrong use."""
    arguments = _parser().parse_args()
    try:
        code: int = arguments.act(arguments)
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lab", description=__doc__)
    verbs = parser.add_subparsers(required=True, metavar="up | down | status | images | demo")
    up = verbs.add_parser("up", help="start a lab that stays until `down` (Slurm and a Kubernetes node unless said)")
    up.add_argument("--slurm", action="store_true", help="a Slurm with four nodes")
    up.add_argument("--accounting", action="store_true", help="that Slurm with slurmdbd and MariaDB")
    size = up.add_mutually_exclusive_group()
    size.add_argument("--control-plane", action="store_true", help="a Kubernetes API server; pods do not run")
    size.add_argument("--node", action="store_true", help="a Kubernetes with one node; pods run (root)")
    up.set_defaults(act=_up)
    down = verbs.add_parser("down", help="end a lab, and put back what dead ones have left")
    down.add_argument("--all", action="store_true", help="all labs of this user")
    down.set_defaults(act=_down)
    images = verbs.add_parser("images", help="let the node of a lab have the images of more recipes")
    images.add_argument("recipes", nargs="+", metavar="RECIPE", help="chroma, minio, seaweedfs, triton or vllm")
    images.set_defaults(act=_images)
    for verb in (up, down, images):
        verb.add_argument("--name", default=DEFAULT_NAME, help="name of the lab (default: %(default)s)")
    verbs.add_parser("status", help="all labs of this user").set_defaults(act=_status)
    shown = verbs.add_parser("demo", help="a lab, a demo repository, the daemon and a live table, until Ctrl-C")
    shown.add_argument("--until-healthy", action="store_true", help="end with 0 once all services are healthy")
    shown.add_argument("--minutes", type=float, default=45.0, help="patience of --until-healthy (default: %(default)s)")
    shown.add_argument("--no-kubernetes", action="store_true", help="Slurm only")
    shown.set_defaults(act=_demo)
    keeper = verbs.add_parser("keep")  # without help: it is for Lab.start only
    keeper.add_argument("wish")
    keeper.set_defaults(act=_keep)
    return parser


def _up(arguments: argparse.Namespace) -> int:
    slurm = arguments.slurm or arguments.accounting
    everything = not (slurm or arguments.control_plane or arguments.node)
    size: Size = "node" if arguments.node or everything else "control-plane" if arguments.control_plane else "none"
    choices = Choices(accounting=arguments.accounting)
    lab = Lab.start(slurm=slurm or everything, kubernetes=size, name=arguments.name, choices=choices, detached=True)
    failed = False
    for part in lab.reports():
        try:
            lab.wait(part, _TIMES[part], partial(_say, part))
            _say(part, "ready")
        except LabError as error:
            _say(part, str(error))
            failed = True
    _show(lab.folder)
    return 1 if failed else 0


def _say(part: PartName, line: str) -> None:
    print(f"{part}: {line}", flush=True)


def _down(arguments: argparse.Namespace) -> int:
    folders = runs.all_folders() if arguments.all else [runs.folder_of(arguments.name)]
    for folder in folders:
        print(f"{folder.name}: {'ending' if runs.keeper(folder) else 'does not run'}", flush=True)
        runs.end(folder)
    return 0


def _images(arguments: argparse.Namespace) -> int:
    Lab.attach(arguments.name).kubernetes.give_images(*arguments.recipes)
    return 0


def _status(_: argparse.Namespace) -> int:
    for folder in runs.all_folders():
        if not folder.name.startswith("."):
            _show(folder)
    return 0


def _show(folder: Path) -> None:
    keeper = runs.keeper(folder)
    print(f"{folder.name}  {folder}  {f'keeper {keeper.pid}' if keeper else 'dead; `python -m lab down` cleans up'}")
    if keeper is None:
        return
    for part, report in read(folder).items():
        print(f"  {part:<12}{report.state:<10}{report.progress if report.state != 'ready' else ''}".rstrip())
        for name, value in report.facts.items():
            print(f"    {name:<20}{value if isinstance(value, str | int) else json.dumps(value)}")
    pids = control.ask(folder, "pids")
    print("  daemons     " + ", ".join(f"{name} {pid or 'ended'}" for name, pid in pids.items()))


def _demo(arguments: argparse.Namespace) -> int:
    from lab.demo import demo  # noqa: PLC0415 - the keeper starts sooner without the daemon's parts

    patience = arguments.minutes * 60 if arguments.until_healthy else None
    return demo(patience, kubernetes=not arguments.no_kubernetes)


def _keep(arguments: argparse.Namespace) -> int:
    wish = json.loads(arguments.wish)
    slurm = Choices(**wish["slurm"]) if wish["slurm"] else None
    server = ServerChoices(**wish["server"])
    return keep(Wish(**wish | {"slurm": slurm, "server": server}), _claimed)


def _claimed(problem: str) -> None:
    """Tell the starter how it went, in one line."""
    print(problem.replace("\n", " "), flush=True)


if __name__ == "__main__":
    sys.exit(main())
