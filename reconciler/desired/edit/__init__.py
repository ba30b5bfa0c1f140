"""PURE. A request to the new text of the one file that it changes: comments, order, other documents stay."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.models.proposal import Edit, Request
from reconciler.models.revision import File


def edit(files: Mapping[str, File], places: Mapping[str, tuple[str, ...]], request: Request, folder: str) -> Edit:
    """The new text of the one file that a request changes.

    `files` are those of the revision by path, `places` the files that have a document of each name, `folder` is where
    a new service's file goes. Raises MissingError for a service that nobody declares, TakenError for a new one whose
    name or file is there already, InputError where the file cannot be changed (broken, two documents of that name).
    """
    raise NotImplementedError(files, places, request, folder)
