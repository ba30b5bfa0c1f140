"""A document against a model: every error at once, in the words of the file."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ValidationError

from reconciler.desired.finding import Finding, Path, did_you_mean
from reconciler.desired.known import known_keys
from reconciler.desired.nodes import Plain
from reconciler.desired.words import describe, describe_kind, expected_words
from reconciler.desired.yaml import read_documents
from reconciler.errors import Complaint, InputError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_Model = TypeVar("_Model", bound=BaseModel)
#: Below these keys somebody may have written a secret by mistake (a token where its hash belongs), so values are not
#: repeated in messages.
_QUIET = {"env", "secrets", "sha256"}


def check(model: type[_Model], content: Mapping[str, Plain]) -> tuple[_Model | None, tuple[Finding, ...]]:
    """The content as a model, or everything that is wrong with it.

    Strict: text is no number, 1 is not true, and keys have one spelling. By way of JSON, where pydantic's strict mode
    still takes a list for a tuple and text for a path.
    """
    try:
        return model.model_validate_json(json.dumps(content), strict=True, by_alias=True, by_name=False), ()
    except ValidationError as error:
        return None, tuple(findings_of(model, content, error.errors(include_url=False)))


def check_document(
    model: type[_Model], file: str, text: str, more: Callable[[_Model], Iterable[Finding]] = lambda _: ()
) -> _Model:
    """The one document of a file as a model. Raises InputError with all that is wrong; `more` may find more."""
    reading = read_documents(file, text)
    complaints = [*reading.complaints, *(one for document in reading.documents for one in document.complaints)]
    if complaints:
        raise InputError(complaints)
    if len(reading.documents) != 1:
        problem = f"{len(reading.documents)} documents in the file"
        raise InputError([Complaint(file, 0, 0, "", problem, expected="exactly one")])
    document = reading.documents[0]
    checked, findings = check(model, document.content)
    if checked is not None:
        findings = tuple(more(checked))
    if checked is None or findings:
        raise InputError([document.complain(finding) for finding in findings])
    return checked


def findings_of(model: type[BaseModel], content: Mapping[str, Plain], errors: list[ErrorDetails]) -> Iterator[Finding]:
    """What pydantic found wrong with `content` as a `model`: each place once, in the words of the file."""
    placed = sorted(((_place(content, error), error) for error in errors), key=lambda one: str(one[0]))
    for path, group in groupby(placed, key=lambda one: one[0]):
        same = [error for _, error in group]
        yield _finding(model, path, same)


def _place(content: Plain | Mapping[str, Plain], error: ErrorDetails) -> Path:
    """Pydantic's location without the names of union members, which are no keys of the document."""
    path: list[str | int] = []
    location = error["loc"]
    for part in location:
        if isinstance(content, Mapping) and part in content:
            content = content[str(part)]
        elif isinstance(content, list) and isinstance(part, int) and part < len(content):
            content = content[part]
        else:
            continue
        path.append(part)
    return (*path, location[-1]) if error["type"] == "missing" else tuple(path)


def _finding(model: type[BaseModel], path: Path, errors: list[ErrorDetails]) -> Finding:
    first = errors[0]
    kind = first["type"]
    if kind == "missing":
        return Finding(path, "is missing", fix=f"add `{path[-1]}:`")
    if kind == "union_tag_not_found":
        return Finding(path, "says no kind", fix=f"add `{_discriminator(first)}:`")
    if kind == "union_tag_invalid":
        found, expected = f"`{first['ctx']['tag']}`", first["ctx"]["expected_tags"].replace("'", "`")
        return Finding((*path, _discriminator(first)), "is not allowed", found=found, expected=expected)
    if kind == "extra_forbidden":
        return Finding(path, "unknown key", fix=did_you_mean(str(path[-1]), known_keys(model, path[:-1])))
    expected = dict.fromkeys(expected_words(one["type"], one["msg"], one.get("ctx", {})) for one in errors)
    value = first["input"]
    is_key = first["loc"][-1:] == ("[key]",)
    found = describe_kind(value) if _QUIET.intersection(path) and not is_key else describe(value)
    problem = "the key is not allowed" if is_key else "is not allowed"
    return Finding(path, problem, found=found, expected=" or ".join(expected))


def _discriminator(error: ErrorDetails) -> str:
    """The key that tells which of several kinds of mapping is meant; pydantic has it in quotes."""
    return str(error["ctx"]["discriminator"]).strip("'")
