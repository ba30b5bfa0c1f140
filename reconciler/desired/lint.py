"""What is allowed in a recipe and still not wise. For `reconciler recipes test`: advice, which stops nothing. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from reconciler.desired.arguments import REFERENCE
from reconciler.desired.exporting import alone, exporter_port
from reconciler.desired.finding import Finding, Path
from reconciler.models.arguments import Argument, When
from reconciler.models.exporter import Exporter
from reconciler.models.recipe import Recipe, RecipeSpec
from reconciler.models.text import redact

_SHELLS = frozenset(("sh", "bash", "dash", "zsh", "ash"))
_SECRET = re.compile(r"password|passwd|passphrase|secret|token|api_?-?key|credential", re.IGNORECASE)
#: Names with such a word in them that hide nothing.
_HARMLESS = re.compile(r"tokens|tokenizer|_file$|-file\b|passwordfile|secretfile", re.IGNORECASE)
_PRIVILEGED = {
    "privileged": "runs with all rights of its node",
    "hostNetwork": "uses the node's own network",
    "hostPID": "sees all processes of its node",
    "hostIPC": "shares memory with all processes of its node",
    "hostPath": "reads folders of its node",
    "allowPrivilegeEscalation": "may get more rights than it has",
}


def lint(recipe: Recipe) -> list[Finding]:
    """Advice about one recipe that is right in itself."""
    return [finding for rule in _RULES for finding in rule(recipe)]


def lint_object(kind: str, name: str, value: object) -> Iterator[str]:
    """What one rendered Kubernetes object takes that a service should not need."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            if key in _PRIVILEGED and item not in (False, None):
                yield f"{kind} {name}: `{key}`: it {_PRIVILEGED[key]}"
            yield from lint_object(kind, name, item)
    elif isinstance(value, list):
        for item in value:
            yield from lint_object(kind, name, item)


def _image(recipe: Recipe) -> Iterator[Finding]:
    exporter = recipe.spec.exporter
    images: dict[Path, str] = {("spec", "image"): recipe.spec.image}
    if exporter is not None:
        images["spec", "exporter", "image"] = exporter.image
    for path, image in images.items():
        tag = image.partition("@")[0].rpartition("/")[2].partition(":")[2]
        if tag in ("", "latest") and "@sha256:" not in image:
            problem, fix = "means another image every day", "name a version, such as `…:1.2.3`"
            yield Finding(path, problem, found=f"`{image}`", fix=fix)


def _user(recipe: Recipe) -> Iterator[Finding]:
    exporter = recipe.spec.exporter
    users: dict[Path, int | None] = {("spec", "start", "container", "user"): recipe.spec.start.container.user}
    if exporter is not None:
        users["spec", "exporter", "container", "user"] = exporter.container.user
    for path, user in users.items():
        if not user:
            problem = "runs as root" if user == 0 else "nobody can see that it does not run as root"
            yield Finding(path, problem, fix="set the user id that the image expects")


def _words(recipe: Recipe) -> Iterator[Finding]:
    for name, secret in recipe.spec.secrets.items():
        if not secret.description.strip():
            yield Finding(("spec", "secrets", name, "description"), "is empty", fix="say what it is for")
    for name, parameter in recipe.spec.parameters.items():
        path: Path = ("spec", "parameters", name)
        if not parameter.description.strip():
            yield Finding((*path, "description"), "is empty", fix="say what it does, in one sentence")
        if parameter.required and parameter.example is None:
            yield Finding((*path, "example"), "is missing", fix="a value, so that the recipe can be tried")
        if hides(name):
            fix = "make it a secret (`spec.secrets`): parameters are in Git, plans and process lists"
            yield Finding(path, "looks like a secret", fix=fix)


def _probe(recipe: Recipe) -> Iterator[Finding]:
    health = recipe.spec.health
    if health.startup < health.interval * 2:
        problem, fix = "is over after one probe", "the longest start that is right, with some room"
        yield Finding(("spec", "health", "startup"), problem, fix=fix)
    if health.timeout > health.interval:
        yield Finding(("spec", "health", "timeout"), "is longer than the interval", fix="make it shorter")


def _first_request(recipe: Recipe) -> Iterator[Finding]:
    first = recipe.spec.health.first_request
    if first is not None and not first.plain and first.tool is None:
        problem = "on Kubernetes nobody makes it: the kubelet knows nothing but a plain GET"
        fix = "set `tool` to what the image has (curl, python3), or let the daemon ask (`probes: daemon`)"
        yield Finding(("spec", "health", "firstRequest"), problem, fix=fix)


def _commands(recipe: Recipe) -> Iterator[Finding]:
    for path, arguments in _argument_lists(recipe.spec):
        texts = [*_texts(arguments)]
        first = texts[0].rpartition("/")[2] if texts else ""
        if first in _SHELLS and any(text.startswith("-") and "c" in text for text in texts[1:3]):
            fix = "name the program and each of its arguments; a `step` prepares, `when` chooses"
            yield Finding(path, "is a line for a shell, in which a value can become a command", fix=fix)
        for text in texts:
            yield from _argument(recipe, path, text)


def _argument(recipe: Recipe, path: Path, text: str) -> Iterator[Finding]:
    name, _, value = text.partition("=")
    if name.startswith("-") and value and hides(name) and "secretfile." not in value:
        fix = "let it read a file (`${secretfile.NAME}`) or the environment"
        yield Finding(path, "shows a secret to everybody on its node", found=f"`{name}=…`", fix=fix)
    numbers = {str(port.container): key for key, port in recipe.spec.ports.items()}
    port = value or text
    if port.rpartition(":")[2] in numbers:
        key = numbers[port.rpartition(":")[2]]
        fix = f"write ${{port.{key}}}: on Slurm another one is free"
        yield Finding(path, "has the number of a port", found=f"`{text}`", fix=fix)


def _environment(recipe: Recipe) -> Iterator[Finding]:
    for path, env in _environments(recipe.spec):
        for name, text in env.items():
            hidden = hides(name) and not REFERENCE.search(text)
            if (hidden and text) or redact(text) != text:
                yield Finding((*path, name), "looks like a secret", fix="make it a secret (`spec.secrets`)")


def _used(recipe: Recipe) -> Iterator[Finding]:
    """What is declared and then used nowhere; volumes and ports count in the form without a container."""
    spec = recipe.spec
    process = spec.start.process
    everywhere = recipe.model_dump_json()
    for name in spec.parameters:
        if f"config.{name}" not in everywhere:
            yield Finding(("spec", "parameters", name), "is used nowhere", fix="use it, or leave it out")
    if process is not None:
        own = " ".join([process.model_dump_json(), *spec.env.values()])
        for name in alone(spec).ports:
            if f"${{port.{name}}}" not in own:
                problem = "is not told to the program that runs without a container"
                yield Finding(("spec", "ports", name), problem, fix=f"pass it ${{port.{name}}}")
        for name, volume in spec.storage.items():
            if f"${{storage.{name}}}" not in own and not volume.memory:
                problem = "is not told to the program that runs without a container"
                yield Finding(("spec", "storage", name), problem, fix=f"pass it ${{storage.{name}}}")


def _data(recipe: Recipe) -> Iterator[Finding]:
    spec = recipe.spec
    if spec.stateful and not any(volume.lasts for volume in spec.storage.values()):
        yield Finding(("spec", "stateful"), "there is no volume that lasts", fix="add one, or leave out `stateful`")
    if spec.resources.cpus is None or spec.resources.memory is None:
        fix = "set cpus and memory: without, the site's own small defaults hold"
        yield Finding(("spec", "resources"), "says not what it needs", fix=fix)


def _exporter(recipe: Recipe) -> Iterator[Finding]:
    """An exporter that is not told its port listens on one that may be another's."""
    exporter, name = recipe.spec.exporter, exporter_port(recipe.spec)
    if exporter is None:
        return
    shared = " ".join(exporter.env.values())
    forms = {"container": exporter.container, "process": exporter.process}
    for key, form in forms.items():
        if form is not None and f"${{port.{name}}}" not in f"{shared} {form.model_dump_json()}":
            yield Finding(("spec", "exporter", key), "is not told its port", fix=f"pass it ${{port.{name}}}")
    if exporter.process is None and recipe.spec.start.process is not None:
        fix = "add `exporter.process`: a program on the target's path"
        yield Finding(("spec", "exporter"), "there are no metrics without a container", fix=fix)


_RULES: tuple[Callable[[Recipe], Iterator[Finding]], ...] = (
    *(_image, _user, _words, _probe, _first_request, _commands, _environment, _used, _data, _exporter),
)


def hides(name: str) -> bool:
    """Whether what has this name (a parameter, a variable, an option) hides a secret, by its looks."""
    return bool(_SECRET.search(name)) and not _HARMLESS.search(name)


def _argument_lists(spec: RecipeSpec) -> Iterator[tuple[Path, Sequence[Argument]]]:
    start: Path = ("spec", "start")
    yield (*start, "container", "command"), spec.start.container.command
    yield (*start, "container", "args"), spec.start.container.args
    yield (*start, "machines", "all"), spec.start.machines.all
    yield (*start, "machines", "others"), spec.start.machines.others
    if spec.start.process is not None:
        yield (*start, "process", "command"), spec.start.process.command
        for number, step in enumerate(spec.start.process.prepare):
            yield (*start, "process", "prepare", number, "command"), step.command
    if spec.health.exec is not None:
        yield ("spec", "health", "exec", "command"), spec.health.exec.command
    if spec.exporter is not None:
        yield from _arguments_of_exporter(spec.exporter)


def _arguments_of_exporter(exporter: Exporter) -> Iterator[tuple[Path, Sequence[Argument]]]:
    place: Path = ("spec", "exporter")
    yield (*place, "container", "command"), exporter.container.command
    yield (*place, "container", "args"), exporter.container.args
    if exporter.process is not None:
        yield (*place, "process", "command"), exporter.process.command


def _texts(arguments: Sequence[Argument]) -> Iterator[str]:
    for argument in arguments:
        yield from argument.args if isinstance(argument, When) else (argument,)


def _environments(spec: RecipeSpec) -> Iterator[tuple[Path, Mapping[str, str]]]:
    yield ("spec", "env"), spec.env
    yield ("spec", "start", "container", "env"), spec.start.container.env
    if spec.start.process is not None:
        yield ("spec", "start", "process", "env"), spec.start.process.env
    if spec.exporter is not None:
        yield ("spec", "exporter", "env"), spec.exporter.env
        yield ("spec", "exporter", "container", "env"), spec.exporter.container.env
        if spec.exporter.process is not None:
            yield ("spec", "exporter", "process", "env"), spec.exporter.process.env
