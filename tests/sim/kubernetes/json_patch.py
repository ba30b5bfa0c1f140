"""PURE. JSON patch (RFC 6902), as far as it is used: add, remove, replace and test."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import deepcopy

from reconciler.kube.kinds import Object
from tests.sim.kubernetes.fields import Value


class FailedError(Exception):
    """A test failed, or there is nothing where an operation points."""


def patched(item: Object, operations: Sequence[Object]) -> Object:
    """The object after all operations. Raises FailedError."""
    made = deepcopy(item)
    for operation in operations:
        *above, last = _tokens(operation["path"])
        node: Value = made
        for token in above:
            node = _below(node, token)
        _do(operation, node, last)
    return made


def _tokens(pointer: str) -> Iterator[str]:
    return (token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:])


def _below(node: Value, token: str) -> Value:
    try:
        return node[int(token)] if isinstance(node, list) else node[token]
    except (KeyError, IndexError, ValueError, TypeError) as error:
        raise FailedError(f"there is no {token}") from error


def _do(operation: Object, node: Value, last: str) -> None:
    name, in_list = operation["op"], isinstance(node, list)
    if name == "test":
        if _below(node, last) != operation["value"]:
            raise FailedError(f"testing {operation['path']} failed")
    elif name == "add" and in_list:
        node.insert(len(node) if last == "-" else int(last), operation["value"])
    elif name == "remove" or in_list:
        _below(node, last)
        place = int(last) if in_list else last
        if name == "remove":
            del node[place]
        else:
            node[place] = operation["value"]
    else:  # Kubernetes' library replaces also what is not there
        node[last] = operation["value"]
