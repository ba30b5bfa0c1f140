"""The half of the client that reads: what is wanted, how it stands, what will be done."""

from __future__ import annotations

from reconciler.client.paths import service_path
from reconciler.client.wire import Wire
from reconciler.shapes.logs import LogShape, Question
from reconciler.shapes.status import ChangeShape, StatusShape
from reconciler.shapes.story import StoryShape


class Reading:
    """Everything here answers from what the daemon knows, at once. All raise ApiError or NoAnswerError."""

    _wire: Wire

    def status(self) -> StatusShape:
        """The whole table, the targets and the repository."""
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
        params["start"] = [f"{one}:{byte}" for one, byte in question.starts.items()]
        return self._wire.read(list[LogShape], service_path(service_id, "logs"), params)
