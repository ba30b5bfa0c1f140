"""The recipes of a revision: those that ship with Reconciler, and those of the repository over them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import PurePosixPath

from reconciler.desired.freeze import MAX_VERSIONS
from reconciler.desired.recipes import Catalogue, load_recipes, read_recipe
from reconciler.errors import Complaint, InputError
from reconciler.models.recipe import Recipe
from reconciler.models.revision import File, Revision

Earlier = Callable[[str], Iterator[tuple[Revision, File]]]
#: Where recipes are in a repository.
FOLDER = "recipes/"


class Shelf:
    """Makes the catalogue of each revision; the same recipes make the same object, so that others can tell.

    Raises InputError when a recipe that ships with Reconciler is bad.
    """

    def __init__(self, builtin: Mapping[str, str]) -> None:
        self._builtin, complaints = load_recipes(builtin)
        if complaints:
            raise InputError(complaints)
        self._catalogue = self._builtin
        self._read: dict[tuple[str, str], tuple[Recipe | None, tuple[Complaint, ...]]] = {}

    def catalogue(self, files: Mapping[str, File], earlier: Earlier) -> tuple[Catalogue, tuple[Complaint, ...]]:
        """The catalogue with the recipes among `files`; a bad one is replaced by its last good version."""
        recipes = dict(self._builtin.recipes)
        frozen: dict[str, str] = {}
        bad: dict[str, str] = {}
        complaints: list[Complaint] = []
        for path, file in sorted(files.items()):
            if not path.startswith(FOLDER):
                continue
            recipe, wrong = self._recipe(file)
            complaints += wrong
            name = PurePosixPath(path).stem
            if recipe is None:
                recipe, revision = self._last_good(earlier(path))
                since = f"as of {revision.short}" if revision else "as it shipped"
                frozen[name] = f"the recipe is in force {since}: {wrong[0]}"
                bad[name] = str(wrong[0])
            if recipe is not None:
                recipes[name] = recipe
        present = {(file.path, file.blob) for file in files.values()}
        self._read = {key: read for key, read in self._read.items() if key in present}
        made = Catalogue(
            recipes,
            {name: why for name, why in frozen.items() if name in recipes},
            {name: why for name, why in bad.items() if name not in recipes},
        )
        if made != self._catalogue:
            self._catalogue = made
        return self._catalogue, tuple(complaints)

    def _recipe(self, file: File) -> tuple[Recipe | None, tuple[Complaint, ...]]:
        if file.text is None:
            return None, (Complaint(file.path, 0, 0, "", file.refused or "could not be read"),)
        key = (file.path, file.blob)
        if key not in self._read:
            self._read[key] = read_recipe(file.path, file.text)
        return self._read[key]

    def _last_good(self, versions: Iterator[tuple[Revision, File]]) -> tuple[Recipe | None, Revision | None]:
        for revision, file in islice(versions, MAX_VERSIONS):
            recipe, _ = self._recipe(file)
            if recipe is not None:
                return recipe, revision
        return None, None
