from __future__ import annotations

import dataclasses
import subprocess

import pytest

from reconciler.errors import RefusedError
from reconciler.models.health import Health
from reconciler.models.wanted import ResolvedService
from reconciler.models.workload import Phase, Workload
from reconciler.settings import SlurmTarget
from reconciler.slurm import mark as marks
from reconciler.slurm.job.sbatch import place, template
from reconciler.slurm.job.script import SUPERVISOR
from tests.slurm import golden, services
from tests.slurm.services import mark, recipe, resolved, shipped, target


@pytest.mark.parametrize(("name", "runtime"), golden.cases())
def test_each_recipe_renders_as_recorded(name: str, runtime: str) -> None:
    assert golden.text(name, runtime) == (golden.FOLDER / f"{name}.{runtime}.txt").read_text()


def test_every_recipe_has_a_record() -> None:
    recorded = {path.name.partition(".")[0] for path in golden.FOLDER.iterdir()}
    assert {path.stem for path in services.RECIPES.glob("*/*.yaml")} == recorded


@pytest.mark.parametrize(("name", "runtime"), golden.cases())
def test_each_script_is_correct_bash(name: str, runtime: str) -> None:
    submission = template(golden.samples()[name], golden.TARGETS[runtime]).submission(mark(name), 0, ())
    done = subprocess.run(["bash", "-n"], input=submission.script, text=True, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_nothing_unset_is_given() -> None:
    options = template(resolved("web"), target()).all
    assert [option for option in options if option.startswith(("--partition", "--time", "--mem", "--gres"))] == []


def test_a_submission_has_its_mark_name_and_delay() -> None:
    submission = template(resolved("web"), target()).submission(mark("web", 3), 1.2, ())
    assert "--job-name=web.3" in submission.options
    assert f"--comment={marks.write(mark('web', 3))}" in submission.options
    assert "--begin=now+2" in submission.options


def test_a_stateful_service_never_runs_twice() -> None:
    old = Workload("slurm", "41", mark("db"), Phase.RUNNING, Health.HEALTHY)
    made = template(resolved("db", recipe(stateful=True)), target())
    assert "--dependency=afterany:41,singleton" in made.submission(mark("db"), 0, (old,)).options
    assert "--dependency=singleton" in made.submission(mark("db"), 0, ()).options


def test_a_stateless_successor_overlaps() -> None:
    old = Workload("slurm", "41", mark("web"), Phase.RUNNING, Health.HEALTHY)
    options = template(resolved("web"), target()).submission(mark("web"), 0, (old,)).options
    assert [option for option in options if option.startswith("--dependency")] == []


def test_the_digest_is_that_of_what_runs() -> None:
    service = resolved("web")
    later = dataclasses.replace(service, revision=dataclasses.replace(service.revision, sha="f" * 40))
    restarted = resolved("web", restart="today", replicas=5)
    moved = resolved("web", slurm={"partition": "gpu", "qos": "long", "time": "90s"})
    digests = {template(one, target()).rendered.digest for one in (service, later, restarted, moved)}
    assert len(digests) == 1
    changed = [resolved("web", env={"A": "1"}), resolved("web", resources={"cpus": 2}), resolved("other")]
    assert digests.isdisjoint(template(one, target()).rendered.digest for one in changed)


def test_text_of_the_repository_is_never_read_by_sbatch() -> None:
    service = resolved("web", env={"A": "#SBATCH --partition=other"})
    script = template(service, target()).submission(mark("web"), 0, ()).script
    assert script.splitlines()[:2] == ["#!/bin/bash", ":"]


def test_a_percent_sign_in_a_folder_is_no_pattern() -> None:
    folders = {"data": "/d", "logs": "/p/50%j"}
    assert "--output=/p/50%%j/%x-%j.out" in template(resolved("web"), target(folders=folders)).options


@pytest.mark.parametrize(
    ("time", "grace", "stateful", "options"),
    [
        ("1m", "10s", False, ["--time=1"]),
        ("61s", "10s", False, ["--time=2"]),
        ("140s", "10s", False, ["--time=3"]),
        ("4h", "30s", True, ["--time=240", "--signal=B:USR1@35"]),
        ("4h", "30s", False, ["--time=240", "--signal=B:USR1@37"]),
        ("4d", "19h", True, ["--time=5760", "--signal=B:USR1@65535"]),
    ],
)
def test_a_limit_is_in_minutes_and_a_long_one_has_a_signal(
    time: str, grace: str, stateful: bool, options: list[str]
) -> None:
    service = resolved("web", recipe(stop={"grace": grace}, stateful=stateful), slurm={"time": time})
    assert [*template(service, target()).queue] == options


def test_the_head_of_the_script_has_what_is_no_part_of_the_digest() -> None:
    made = template(resolved("web", slurm={"time": "61s"}), target()).submission(mark("web", 3), 0, ())
    assert made.script.splitlines()[3:5] == ["job_replica=3", "job_limit=120"]


def test_places_are_those_of_partition_and_qos() -> None:
    places = {place(partition, qos) for partition in (None, "a", "b") for qos in (None, "a", "b")}
    assert len(places) == 9
    assert place(None, None) == ""
    assert template(resolved("web", slurm={"qos": "a"}), target()).rendered.place == place(None, "a")


@pytest.mark.parametrize(("requeue", "option"), [(True, "--requeue"), (False, "--no-requeue")])
def test_whether_slurm_requeues_is_the_operators_choice(requeue: bool, option: str) -> None:
    assert option in template(resolved("web"), target(requeue=requeue)).options


def test_a_trial_waits_for_nothing() -> None:
    trial = template(resolved("db", recipe(stateful=True), slurm={"time": "1h"}), target()).trial()
    assert "--time=60" in trial.options
    assert [option for option in trial.options if option.startswith(("--begin", "--dependency"))] == []


def test_comments_of_the_supervisor_are_not_sent() -> None:
    assert [line for line in SUPERVISOR.splitlines() if line.lstrip().startswith("#")] == []


@pytest.mark.parametrize(
    ("service", "site", "words"),
    [
        (resolved("web", recipe(start={})), target(), "runs in containers only"),
        (resolved("web", nodes=2), target(), "runs on one machine; found 2, expected 1"),
        (
            resolved("web", secrets={"TOKEN": {"name": "hf", "key": "token"}}),
            target(folders={"data": "/d", "logs": "/l"}),
            "set folders.secrets",
        ),
        (
            resolved("pg", shipped("postgresql")),
            target(runtime="apptainer", folders={"data": "/a:b", "logs": "/l", "secrets": "/s"}),
            "bind",
        ),
        (resolved("web"), target(folders={"data": "/d", "logs": "/a\\b"}), "backslash"),
    ],
)
def test_what_cannot_run_is_refused_with_the_reason(service: ResolvedService, site: SlurmTarget, words: str) -> None:
    with pytest.raises(RefusedError, match=words):
        template(service, site)


def test_several_machines_are_started_with_srun() -> None:
    made = template(resolved("web", recipe(multi_node=True), nodes=2, resources={"cpus": 4}), target())
    assert (
        "argv=(srun --nodes=2 --ntasks=2 --ntasks-per-node=1 --kill-on-bad-exit=1 --cpus-per-task=4 "
        """bash -c 'export RECONCILER_RANK=$SLURM_PROCID; exec "$@"' task python3""" in made.body
    )
    assert "export RECONCILER_NODES=2" in made.body


def test_an_image_file_has_the_name_that_apptainer_gives_it() -> None:
    folders = {"data": "/d", "logs": "/l", "images": "/images"}
    made = template(resolved("index", shipped("chroma")), target(runtime="apptainer", folders=folders))
    assert " /images/chroma_1.5.9.sif chroma run " in made.body
