"""Files to edit, and what is asked for, in short."""

from __future__ import annotations

from typing import Any

from reconciler.desired.edit import edit
from reconciler.desired.names import name_of
from reconciler.desired.yaml import read_documents
from reconciler.models.proposal import Edit, Request, Restart, Resume, Start, Stop, Suspend, Update
from reconciler.models.revision import File
from tests.desired.world import as_file

PATH = "desired/f.yaml"
HEAD = "apiVersion: reconciler/v1\nkind: Service\n"
_VERBS: dict[str, type[Request]] = {
    "start": Start,
    "update": Update,
    "stop": Stop,
    "restart": Restart,
    "suspend": Suspend,
    "resume": Resume,
}


def document(spec: str, name: str = "a") -> str:
    """A document whose `spec:` is written as given."""
    return f"{HEAD}metadata: {{name: {name}}}\nspec:{spec}"


def request(verb: str, **arguments: Any) -> Request:
    return _VERBS[verb](**arguments)


def places(files: dict[str, File]) -> dict[str, tuple[str, ...]]:
    """As `Desired.files` has them."""
    found: dict[str, tuple[str, ...]] = {}
    for path, file in files.items():
        names = [name_of(one.content) for one in read_documents(path, file.text or "").documents]
        for name in dict.fromkeys(names):
            if name:
                found[name] = (*found.get(name, ()), path)
    return found


def apply(text: str | None, asked: Request, **others: str) -> Edit:
    """The edit of a repository with one file, and `others` beside it."""
    texts = {f"desired/{name}.yaml": one for name, one in others.items()}
    files = {path: as_file(path, one) for path, one in (texts | ({} if text is None else {PATH: text})).items()}
    return edit(files, places(files), asked, "desired")


def after(text: str, asked: Request) -> str:
    """The new text of the file."""
    done = apply(text, asked)
    assert (done.path, done.before) == (PATH, text)
    assert done.after is not None
    return done.after


def content(text: str, name: str = "a") -> dict[str, Any]:
    """What the document of that name says."""
    reading = read_documents(PATH, text)
    assert not reading.unreadable, reading.complaints
    (found,) = [one for one in reading.documents if name_of(one.content) == name]
    return found.content
