from __future__ import annotations

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.models.wanted import ResolvedService
from reconciler.slurm.job.sbatch import template
from tests.slurm.services import mark, recipe, resolved, target

HOSTILE = [
    "$(touch /tmp/never)",
    "`touch /tmp/never`",
    "'; touch /tmp/never; '",
    '"; touch /tmp/never; "',
    "a b  c",
    "*",
    "~",
    "\\",
    "$HOME ${ports[http]} ${config.text}",
    "#SBATCH --partition=other",
    "!!",
    "-n",
    "ünï 数据",
    "{a,b}",
    "<(id) >&2 | tee & ;",
    "[0]=x",
]
LINE = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=40)
ECHO = {
    "parameters": {
        "text": {"type": "string", "description": "Text."},
        "more": {"type": "list", "description": "Texts."},
    },
    "start": {
        "process": {
            "command": ["server", "${config.text}", "--at=${host}:${port.http}/${config.text}", "${config.more}"]
        }
    },
}


def _bash(service: ResolvedService, commands: str) -> list[str]:
    """What the real bash makes of the script when, instead of supervising, it runs `commands`; split at NUL."""
    script = template(service, target()).submission(mark("web"), 0, ()).script.removesuffix("supervise\n")
    done = subprocess.run(["bash", "-s"], input=(script + commands).encode(), capture_output=True, check=True)
    assert done.stderr == b""
    return done.stdout.decode().split("\0")[:-1]


def _arguments(text: str) -> list[str]:
    service = resolved("web", recipe(**ECHO), config={"text": text, "more": (text, "end")})
    return _bash(service, 'ports[http]=20001; server_command; printf "%s\\0" "${argv[@]}"')


@pytest.mark.parametrize("text", HOSTILE)
def test_a_config_value_stays_one_argument(text: str) -> None:
    assert _arguments(text) == ["server", text, f"--at=0.0.0.0:20001/{text}", text, "end"]


@given(LINE)
@settings(max_examples=40, deadline=None)
def test_any_config_value_stays_one_argument(text: str) -> None:
    assert _arguments(text) == ["server", text, f"--at=0.0.0.0:20001/{text}", text, "end"]


@pytest.mark.parametrize("text", HOSTILE)
def test_an_environment_value_stays_one_value(text: str) -> None:
    service = resolved("web", env={"VALUE": text})
    assert f"VALUE={text}" in _bash(service, "scratch=/; become env --null")
