"""The reading half of the seed's interface: from the board and the desired state in force, at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from pydantic import ValidationError

from reconciler.board import Board
from reconciler.desired.load import Desired
from reconciler.desired.words import describe, expected_words
from reconciler.errors import Complaint, InputError, SourceError
from reconciler.models.recipe import Recipe
from reconciler.shapes.detail import ServiceDetail, detail
from reconciler.shapes.recipes import RecipeShape, get_recipe, list_recipes
from reconciler.shapes.services import MOST, ServiceQuery, select
from reconciler.shapes.status import ServiceShape
from reconciler.shapes.young import is_young


class Reading:
    """`desired` gives the desired state in force (None before the first)."""

    def __init__(self, board: Board, desired: Callable[[], Desired | None]) -> None:
        self._board = board
        self._desired = desired

    def list_services(
        self,
        *,
        recipe: str | Sequence[str] = (),
        target: str | Sequence[str] = (),
        health: str | Sequence[str] = (),
        state: str | Sequence[str] = (),
        label: str | Sequence[str] = (),
        name: str = "",
    ) -> list[ServiceShape]:
        """The table, of those that fit all that is given; see ServiceQuery. Raises InputError for what is no filter."""
        words = {"recipe": recipe, "target": target, "health": health, "state": state, "label": label}
        lists = {key: [word] if isinstance(word, str) else list(word) for key, word in words.items()}
        query = _query({**lists, "name": name, "limit": MOST})
        status, changes, found = self._board.status(), self._board.changes(), list[ServiceShape]()
        while True:
            page = select(status, changes, query)
            found += page.services
            if not page.next:
                return found
            query = query.model_copy(update={"after": page.next})

    def get_service(self, service_id: str) -> ServiceDetail:
        """One service: as it is wanted, as it is seen. Raises MissingError, with near names."""
        board = self._board
        status = board.status()
        targets = {one.target for one in status.services if one.service == service_id}
        history = {target: board.history(service_id, target) for target in targets}
        return detail(service_id, status, board.views(), history, self._desired(), young=is_young(board, service_id))

    def list_recipes(self) -> list[RecipeShape]:
        """What can be run, by category and name. Raises SourceError before the repository was read."""
        return list_recipes(self._recipes())

    def get_recipe(self, recipe_name: str) -> RecipeShape:
        """One recipe. Raises MissingError, with near names; SourceError before the repository was read."""
        return get_recipe(self._recipes(), recipe_name)

    @property
    def desired(self) -> Desired | None:
        """The desired state in force; None before the first."""
        return self._desired()

    def _recipes(self) -> Mapping[str, Recipe]:
        desired = self._desired()
        if desired is None:
            raise SourceError(self._board.status().source.error or "the repository was not read yet; ask again")
        return desired.recipes


def _query(given: dict[str, object]) -> ServiceQuery:
    try:
        return ServiceQuery.model_validate(given)
    except ValidationError as error:
        found = (
            Complaint(
                "request",
                0,
                0,
                str(one["loc"][0]),
                "is no filter",
                describe(one["input"]),
                expected_words(one["type"], one["msg"], one.get("ctx", {})),
            )
            for one in error.errors()
        )
        raise InputError(tuple(found)) from error
