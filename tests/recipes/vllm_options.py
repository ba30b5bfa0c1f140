"""Records the options of `vllm serve` from vLLM's own source, without importing it (it would want CUDA and torch).

`python -m tests.recipes.vllm_options FOLDER VERSION > tests/recipes/vllm_options.txt`, where FOLDER is an unpacked
wheel of vLLM. One line an option: its name, then `flag` where it takes no value (`--no-…` exists too) or `value`.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

_ENGINE = "vllm/engine/arg_utils.py"
#: It moved between 0.32 and 0.33.
_FRONTENDS = ("vllm/entrypoints/common/cli_args.py", "vllm/entrypoints/launchers/cli_args.py")


def main() -> None:
    """Print the record."""
    options = recorded(Path(sys.argv[1]))
    lines = [f"{name} {kind}" for name, kind in sorted(options.items())]
    sys.stdout.write("\n".join([f"# `vllm serve` of vLLM {sys.argv[2]}: {len(lines)} options", *lines, ""]))


def recorded(folder: Path) -> dict[str, str]:
    """Each option and its kind, of the vLLM in a folder."""
    (place,) = [folder / name for name in _FRONTENDS if (folder / name).exists()]
    engine, frontend = (ast.parse(file.read_text("utf-8")) for file in (folder / _ENGINE, place))
    options = {**_options(engine), **_options(frontend), **_fields(frontend)}
    return {name: "flag" if flag else "value" for name, flag in options.items()}


def _options(tree: ast.Module) -> dict[str, bool]:
    """What `add_argument` is called with; whether it is a flag is said by the field that its keywords come from."""
    kinds = dict(_annotations(tree))
    found: dict[str, bool] = {}
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "add_argument":
            names = [one.value for one in call.args if isinstance(one, ast.Constant) and isinstance(one.value, str)]
            for name in (name for name in names if name.startswith("--")):
                found[name] = _is_flag(call, kinds, name)
    return found


def _is_flag(call: ast.Call, kinds: dict[str, bool], name: str) -> bool:
    for keyword in call.keywords:
        if keyword.arg == "action":
            return "store" in ast.unparse(keyword.value) or "Boolean" in ast.unparse(keyword.value)
        if keyword.arg is None and isinstance(keyword.value, ast.Subscript):
            field = str(ast.literal_eval(keyword.value.slice))
            if field in kinds:
                return kinds[field]
    return kinds.get(name.removeprefix("--").replace("-", "_"), False)


def _fields(tree: ast.Module) -> dict[str, bool]:
    """The frontend's options, each a field of a class."""
    return {f"--{name.replace('_', '-')}": flag for name, flag in _annotations(tree)}


def _annotations(tree: ast.Module) -> Iterator[tuple[str, bool]]:
    """Fields of all classes, and whether they are true or false (and nothing else)."""
    for part in tree.body:
        if isinstance(part, ast.ClassDef):
            for field in part.body:
                if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
                    words = ast.unparse(field.annotation)
                    yield field.target.id, "bool" in words and "str" not in words


if __name__ == "__main__":
    main()
