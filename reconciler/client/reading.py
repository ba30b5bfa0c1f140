"""The half of the client that reads: what is wanted, how it stands, what will be done."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.client.paths import filters, recipe_path, service_path
from reconciler.client.wire import Wire
from reconciler.models.output import Question
from reconciler.shapes.detail import ServiceDetail
from reconciler.shapes.endpoint import EndpointShape
from reconciler.shapes.logs import LogShape
from reconciler.shapes.plans import PlanShape, TargetDetail
from reconciler.shapes.recipes import RecipeShape
from reconciler.shapes.services import MOST, ServicePage
from reconciler.shapes.status import ChangeShape, ServiceShape, StatusShape
from reconciler.shapes.story import StoryShape

#: Places to go on that one request has room for; the newest are sent.
_STARTS = 40


class Reading:
    """Everything here answers from what the daemon knows, at once. All raise ApiError or NoAnswerError."""

    _wire: Wire

    def list_services(
        self,
        *,
        recipe: Sequence[str] = (),
        target: Sequence[str] = (),
        health: Sequence[str] = (),
        state: Sequence[str] = (),
        label: Sequence[str] = (),
        name: str = "",
    ) -> Iterator[ServiceShape]:
        """The lines of the table that fit every filter, by name and target; pages are fetched as they are needed.

        Of a filter with several values, any; of labels (`team=nlp`, `team`, `team!=nlp`, `!team`), all. `name` may be
        a pattern: `bench-*`.
        """
        params = filters(recipe=recipe, target=target, health=health, state=state, label=label, name=name)
        after = ""
        while True:
            page = self._wire.read(ServicePage, "/services", {**params, "limit": MOST, "after": after})
            yield from page.services
            after = page.next
            if not after:
                return

    def get_service(self, service_id: str) -> ServiceDetail:
        """One service: as it is wanted, and as it is."""
        return self._wire.read(ServiceDetail, service_path(service_id))

    def list_recipes(self) -> list[RecipeShape]:
        """What can be run, by category and name."""
        return self._wire.read(list[RecipeShape], "/recipes")

    def get_recipe(self, recipe_name: str) -> RecipeShape:
        """One recipe with its parameters."""
        return self._wire.read(RecipeShape, recipe_path(recipe_name))

    def endpoint(self, service_id: str, port: str = "") -> EndpointShape:
        """Where it is reached: the addresses of instances that are ready, by port, or of one port.

        While it has none, that is an ApiError whose `next` is RETRY.
        """
        params = {"port": port} if port else None
        return self._wire.read(EndpointShape, service_path(service_id, "endpoint"), params)

    def plan(self) -> PlanShape:
        """What the last turn of each target decided to do."""
        return self._wire.read(PlanShape, "/plan")

    def targets(self) -> list[TargetDetail]:
        """The clusters, and what there is of ours on each."""
        return self._wire.read(list[TargetDetail], "/targets")

    def status(self) -> StatusShape:
        """The whole table, the targets and the repository, at one moment."""
        return self._wire.read(StatusShape, "/status")

    def explain(self, service_id: str) -> list[StoryShape]:
        """The story of a service, on each target that knows it."""
        return self._wire.read(list[StoryShape], service_path(service_id, "explain"))

    def history(self, service_id: str) -> list[ChangeShape]:
        """Its verdicts since the daemon's start, oldest first."""
        return self._wire.read(list[ChangeShape], service_path(service_id, "history"))

    def read_logs(self, service_id: str, question: Question) -> list[LogShape]:
        """What its workloads wrote last, each with the place where a later question may go on; see also `logs`."""
        params: dict[str, str | list[str]] = {"lines": str(question.lines)}
        if question.replica is not None:
            params["replica"] = str(question.replica)
        params |= {name: "true" for name in ("previous", "follow") if getattr(question, name)}
        params["start"] = [f"{one}:{byte}" for one, byte in question.starts.items()][-_STARTS:]
        return self._wire.read(list[LogShape], service_path(service_id, "logs"), params)

    def alive(self) -> bool:
        """Whether a daemon answers there."""
        return self._wire.answers("/healthz")
