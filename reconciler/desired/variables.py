"""Names of variables that a server in a job cannot have: bash or the job's script has another use for them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reconciler.desired.finding import Finding, Path
from reconciler.models.recipe import Recipe, RecipeSpec
from reconciler.models.service import ServiceSpec

#: bash(1), "Shell Variables": what it never passes on, or cannot be given another value.
_OF_BASH = frozenset(
    (
        *("BASHOPTS", "BASHPID", "BASH_ALIASES", "BASH_ARGC", "BASH_ARGV", "BASH_CMDS", "BASH_COMMAND", "BASH_LINENO"),
        *("BASH_SOURCE", "BASH_SUBSHELL", "BASH_VERSINFO", "DIRSTACK", "EPOCHREALTIME", "EPOCHSECONDS", "EUID"),
        *("FUNCNAME", "GROUPS", "HISTCMD", "LINENO", "OLDPWD", "OPTIND", "PIPESTATUS", "PPID", "PWD", "RANDOM"),
        *("SECONDS", "SHELLOPTS", "SHLVL", "SRANDOM", "UID", "_"),
    )
)
#: Lists of the script, which bash passes on to nobody, and what it still needs when it has given the server its own.
_OF_THE_JOB = frozenset(
    (
        *("answers", "argv", "env_prefix", "exporter_argv", "exporter_names", "exporter_secrets", "inner_ports"),
        *("journal", "lasting", "port_names", "port_range", "ports", "programs", "scratch", "secret_command"),
        *("secret_files", "secret_lengths", "secret_name", "secret_words", "sizes", "storage", "veil", "volumes"),
    )
)
TAKEN = _OF_BASH | _OF_THE_JOB
_LOCALE = re.compile(r"LANG|LC_[A-Z]+")


def check_variables(name: str, spec: ServiceSpec, recipe: Recipe) -> Iterator[Finding]:
    """The variables of a service, and of its recipe, that a job without a container on this target cannot pass on."""
    own: dict[Path, set[str]] = {("spec", "env"): {*spec.env}, ("spec", "secrets"): {*spec.secrets}}
    for variable in sorted(one for one in spec.secrets if _LOCALE.fullmatch(one)):
        problem = f"{_problem(name)}, and writes values that it cannot use to the log"
        yield Finding(("spec", "secrets", variable), problem, fix="give the variable another name")
    for path, names in own.items():
        for variable in sorted(names & TAKEN):
            yield Finding((*path, variable), _problem(name), fix="give the variable another name")
    for variable in sorted({*_of_recipe(recipe.spec)} & TAKEN):
        problem = f"the recipe's variable {variable} {_problem(name)}"
        yield Finding(("spec", "recipe"), problem, fix="choose another target, or let the recipe name it otherwise")


def _of_recipe(spec: RecipeSpec) -> Iterator[str]:
    """The variables that it sets without a container, for the server and for its exporter."""
    yield from spec.env
    if spec.start.process:
        yield from spec.start.process.env
    if spec.exporter and spec.exporter.process:
        yield from (*spec.exporter.env, *spec.exporter.process.env, *spec.exporter.secrets)


def _problem(target: str) -> str:
    return f"cannot be passed on by a job on the target {target}: its shell has another use for the name"
