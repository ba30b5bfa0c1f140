"""Secrets in a job: files that only its user may use, files that are made once, and the operator's command."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reconciler.errors import RefusedError
from reconciler.models.wanted import ResolvedService
from reconciler.slurm.job.sbatch import template
from reconciler.slurm.look.complaints import unready
from tests.slurm.jobs import Job
from tests.slurm.services import recipe, resolved, target

HF = {"HF_TOKEN": {"name": "hf", "key": "token"}}
FILE = "${secretfile.HF_TOKEN}"


def kept(folder: Path, value: str = "s3same\n", mode: int = 0o600) -> Path:
    """The secret hf/token of a site."""
    path = folder / "secrets/hf/token"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(value)
    path.chmod(mode)
    return path


def shows(folder: Path, **spec: Any) -> ResolvedService:
    """A service that writes down what it got: its variable, and the file."""
    needs = {"HF_TOKEN": {"description": "A token.", "required": True}}
    line = f'printf %s "$HF_TOKEN" >{folder}/variable; cat "$1" >{folder}/file; stat -c %a "$1" >{folder}/mode'
    process = {"command": ["bash", "-c", line, "-", FILE]}
    return resolved("web", recipe(secrets=needs, start={"process": process}), **{"secrets": HF} | spec)


def runs(line: str, secrets: dict[str, Any] | None = None) -> ResolvedService:
    """A service that is a line of shell, and reads no file."""
    return resolved("web", recipe(start={"process": {"command": ["bash", "-c", line]}}), secrets=secrets or HF)


def command(folder: Path, script: str) -> tuple[str, ...]:
    """An operator's command."""
    path = folder / "secret"
    path.write_text(f"#!/bin/bash\n{script}\n")
    path.chmod(0o755)
    return str(path), "get"


def refused(job: Job) -> tuple[str, str]:
    """What the log says of a job that gave up, and what people are told."""
    code, log = job.end()
    assert code == 78, log
    assert job.report
    return log, unready(job.report.why)


def test_a_file_of_our_own_is_taken_also_behind_a_link(start: Callable[..., Job], tmp_path: Path) -> None:
    path = kept(tmp_path)
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    code, log = start(shows(tmp_path)).end()
    assert code == 0, log
    assert (tmp_path / "variable").read_text() == "s3same"


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o620, 0o602, 0o660])
def test_a_file_that_others_may_use_is_refused_with_its_mode(
    start: Callable[..., Job], tmp_path: Path, mode: int
) -> None:
    path = kept(tmp_path, mode=mode)
    log, told = refused(start(shows(tmp_path)))
    assert f"the secret file for HF_TOKEN at {path} has the mode {mode:04o}" in log
    assert f"chmod 600 {path}" in log
    assert f"secrets/hf/token:{mode:04o}" in told
    assert "`chmod 600` it" in told
    assert not (tmp_path / "variable").exists()


def test_a_value_that_no_environment_holds_is_refused(start: Callable[..., Job], tmp_path: Path) -> None:
    path = kept(tmp_path, "x" * 65537)
    log, told = refused(start(shows(tmp_path)))
    assert f"the secret file for HF_TOKEN at {path} has more than 64 KiB" in log
    assert "secrets/hf/token" in told
    assert "64 KiB" in told
    kept(tmp_path, "x" * 65535 + "\n")
    code, log = start(shows(tmp_path)).end()
    assert code == 0, log
    assert (tmp_path / "variable").read_text() == "x" * 65535


def _of_another(path: Path) -> None:
    os.chown(path, 4242, 4242)


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir(mode=0o700)


def _empty(path: Path) -> None:
    path.write_text("\n")


_ONLY_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")


@pytest.mark.parametrize(
    ("change", "words", "told"),
    [
        pytest.param(_of_another, "belongs to user 4242", "belongs to another user", marks=_ONLY_ROOT),
        (_folder, "is not a plain file", "is not a plain file"),
        (_empty, "is empty", "is empty"),
        (Path.unlink, "no secret file for HF_TOKEN at", "is not there"),
    ],
)
def test_what_is_no_secret_is_refused_by_its_path(
    start: Callable[..., Job], tmp_path: Path, change: Callable[[Path], None], words: str, told: str
) -> None:
    path = kept(tmp_path)
    change(path)
    log, said = refused(start(shows(tmp_path)))
    assert re.search(f"HF_TOKEN at {path}", log)
    assert words in log
    assert told in said
    assert "secrets/hf/token" in said


def made(service: ResolvedService, length: int = 24) -> ResolvedService:
    """The service, whose secret is made."""
    return replace(service, generated={"HF_TOKEN": length})


OWN = {"HF_TOKEN": {"name": "web-generated", "key": "HF_TOKEN"}}


def test_a_secret_is_made_once_and_kept(start: Callable[..., Job], tmp_path: Path) -> None:
    service = made(shows(tmp_path, secrets=OWN))
    _, log = start(service).end()
    path = tmp_path / "secrets/web-generated/HF_TOKEN"
    first = path.read_text()
    assert re.fullmatch("[A-Za-z0-9]{24}", first)
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert (tmp_path / "variable").read_text() == first == (tmp_path / "file").read_text()
    _, again = start(service, job=4712).end()
    assert (path.read_text(), (tmp_path / "variable").read_text()) == (first, first)
    assert ("makes the secret HF_TOKEN" in log, "makes the secret HF_TOKEN" in again) == (True, False)
    assert first not in log + again
    assert {one.name for one in path.parent.iterdir()} == {"HF_TOKEN", ".of-factory-a"}


def test_jobs_that_make_it_at_the_same_moment_agree(start: Callable[..., Job], tmp_path: Path) -> None:
    service = made(runs(f'printf %s "$HF_TOKEN" >{tmp_path}/got-$SLURM_JOB_ID', OWN))
    jobs = [start(service, job=job) for job in range(5000, 5012)]
    assert [job.end()[0] for job in jobs] == [0] * len(jobs)
    assert len({path.read_text() for path in tmp_path.glob("got-*")}) == 1
    assert len(list(tmp_path.glob("got-*"))) == len(jobs)
    assert {one.name for one in (tmp_path / "secrets/web-generated").iterdir()} == {"HF_TOKEN", ".of-factory-a"}


def test_a_folder_in_which_nothing_can_be_made_is_named(start: Callable[..., Job], tmp_path: Path) -> None:
    (tmp_path / "secrets").write_text("no folder")
    log, told = refused(start(made(shows(tmp_path, secrets=OWN))))
    assert "the secret HF_TOKEN could not be made at" in log
    assert "could not be made" in told


def test_the_command_is_asked_in_the_job_and_its_answer_stays_in_memory(
    start: Callable[..., Job], tmp_path: Path
) -> None:
    kept(tmp_path, "of the file")
    words = command(tmp_path, f'echo "$@" >{tmp_path}/words; echo noise >&2; printf "%s\\n" "s3 same" "second"')
    _, log = start(shows(tmp_path), secret_command=words).end()
    assert (tmp_path / "words").read_text() == "get hf token\n"
    assert (tmp_path / "variable").read_text() == "s3 same\nsecond"
    assert ((tmp_path / "file").read_text(), (tmp_path / "mode").read_text()) == ("s3 same\nsecond", "600\n")
    assert "noise" not in log
    assert list(Path("/dev/shm").glob("reconciler-4711-*")) == []
    assert [path for path in tmp_path.rglob("*") if path.is_file() and "s3 same" in path.read_text()] == [
        tmp_path / "file",
        tmp_path / "secret",
        tmp_path / "variable",
    ]


@pytest.mark.parametrize(
    ("script", "words", "told"),
    [
        ("echo s3same; echo s3same >&2; exit 3", "ended with 3; its own words", "ended with 3 (hf/token)"),
        ("true", "gave an empty value", "gave an empty value (hf/token)"),
        ("echo", "gave an empty value", "gave an empty value (hf/token)"),
        ("head -c 65537 /dev/zero | tr '\\0' x", "gave more than 64 KiB", "more than 64 KiB (hf/token)"),
        ("exec /nowhere/program", "ended with 127", "ended with 127 (hf/token)"),
    ],
)
def test_a_command_that_fails_is_named_with_its_words_and_never_with_its_answer(
    start: Callable[..., Job], tmp_path: Path, script: str, words: str, told: str
) -> None:
    log, said = refused(start(shows(tmp_path), secret_command=command(tmp_path, script)))
    assert f"the command for secrets, {tmp_path}/secret get hf token, {words}" in log
    assert told in said
    assert "s3same" not in log


def test_what_was_made_is_a_file_also_where_there_is_a_command(start: Callable[..., Job], tmp_path: Path) -> None:
    words = command(tmp_path, "exit 3")
    assert start(made(shows(tmp_path, secrets=OWN)), secret_command=words).end()[0] == 0
    first = (tmp_path / "variable").read_text()
    other = shows(tmp_path, secrets={"HF_TOKEN": {"name": "web-generated", "key": "HF_TOKEN"}})
    assert start(other, job=4712, secret_command=words).end()[0] == 0
    assert (tmp_path / "variable").read_text() == first


def test_answers_of_the_command_are_taken_out_of_what_the_service_writes(
    start: Callable[..., Job], tmp_path: Path
) -> None:
    answer = "p@ss/w.rd*[x]$\nsecond line\nse\n"
    (tmp_path / "answer").write_text(answer)
    line = (
        'echo "got $HF_TOKEN." >&2; echo "at postgres://u:p%40ss%2Fw.rd%2A%5Bx%5D%24@h"; echo "p@ssXw.rd*[x]$ stays";'
        "printf 'no newline'; exit 5"
    )
    service = runs(line)
    code, log = start(service, secret_command=command(tmp_path, f"cat {tmp_path}/answer")).end()
    assert code == 5
    assert "got ***\n***\nse." in log
    assert "at postgres://u:***@h" in log
    assert "p@ssXw.rd*[x]$ stays" in log
    assert "no newline" in log


def test_the_veil_stays_until_the_server_has_said_its_last_word(start: Callable[..., Job], tmp_path: Path) -> None:
    up = tmp_path / "up"
    line = f"trap 'echo last s3same word; exit 0' TERM; touch {up}; while :; do sleep 0.1; done"
    job = start(runs(line), secret_command=command(tmp_path, "echo s3same"))
    job.until(up.exists)
    os.killpg(job.process.pid, signal.SIGTERM)  # the filter too, as a plain scancel does
    code, log = job.end()
    assert code == 0
    assert "last *** word" in log
    assert "s3same" not in log


def _left(job: int) -> list[Path]:
    return list(Path("/dev/shm").glob(f"reconciler-{job}-*/.secrets/HF_TOKEN"))


def test_what_a_killed_job_left_in_memory_goes_with_the_next_and_what_lives_stays(
    start: Callable[..., Job], tmp_path: Path
) -> None:
    words = command(tmp_path, "echo s3same")
    lives, killed = f"echo $$ >{tmp_path}/lives; sleep 60", f"echo $$ >{tmp_path}/killed; sleep 60"
    start(runs(lives), job=5101, secret_command=words)
    job = start(runs(killed), job=5102, secret_command=words)
    job.until(lambda: bool((tmp_path / "killed").exists() and (tmp_path / "killed").read_text()))
    job.until(lambda: bool((tmp_path / "lives").exists() and (tmp_path / "lives").read_text()))
    os.killpg(job.process.pid, signal.SIGKILL)
    os.killpg(int((tmp_path / "killed").read_text()), signal.SIGKILL)
    job.process.wait()
    (left,) = _left(5102)
    # What was killed goes at its own pace, and holds the lock until then.
    job.until(lambda: subprocess.run(["flock", "--nonblock", left.parent, "true"], check=False).returncode == 0)
    try:
        assert start(runs("true"), job=5103, secret_command=words).end()[0] == 0
        assert (len(_left(5101)), len(_left(5102))) == (1, 0)
    finally:
        shutil.rmtree(left.parents[1], ignore_errors=True)


@pytest.mark.parametrize("runtime", ["none", "apptainer"])
def test_on_several_machines_an_answer_cannot_be_read_as_a_file(tmp_path: Path, runtime: str) -> None:
    needs = {"HF_TOKEN": {"description": "A token.", "required": True}}
    start = {"process": {"command": ["cat", FILE]}, "container": {"args": [FILE]}}
    service = resolved("web", recipe(secrets=needs, start=start, multiNode=True), secrets=HF, nodes=2)
    with pytest.raises(RefusedError, match=r"spec\.secrets\.HF_TOKEN: the recipe reads it as a file"):
        template(service, target(tmp_path, runtime=runtime, secret_command=("/opt/secret",)))
    template(service, target(tmp_path, runtime=runtime))
