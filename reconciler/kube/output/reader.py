"""Reads what the pods of a service write, within bounds of size and of time."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from itertools import islice

from reconciler.errors import LookError
from reconciler.kube import marks
from reconciler.kube.door.client import Client
from reconciler.kube.door.failures import Answer
from reconciler.kube.kinds import POD, Object
from reconciler.kube.kubectl import logs_command
from reconciler.kube.output.lines import Part, new_lines, since, text_of
from reconciler.kube.output.pods import Source, sources
from reconciler.kube.render.container import CONTAINER
from reconciler.models.output import Output, Question
from reconciler.models.text import visible
from reconciler.models.workload import Phase, Workload
from reconciler.settings import KubernetesTarget

#: Bytes that are read of one container, and that are shown of it at once.
_READ, PAGE = 4_194_304, 262_144
#: What is shown of it at most: the last line of a page may be long, and what cannot be printed is written out.
_SHOWN = 2 * PAGE
#: So many containers are read for one answer, within so many seconds; pods of one list.
AT_ONCE, _SECONDS, _PODS = 32, 15.0, 200
_LATE = f"not read: the others took more than {_SECONDS:g} s"
#: Lines of what is not well.
_LAST = 20
_ONE = timedelta(seconds=5)
_CONNECTIONS = 8


class PodOutput:
    """Of one target. Values of Secrets are not known here: what looks like one is taken out, and no more can be."""

    def __init__(self, target: KubernetesTarget) -> None:
        self._refers = target.logs == "kubectl"
        short = target.model_copy(update={"timeout": min(target.timeout, _ONE)})
        self._client = Client(short, _CONNECTIONS)

    def read(self, workload: Workload, question: Question) -> tuple[Output, ...]:
        """What each container wrote; the command to read it with where this daemon may not."""
        if self._refers:
            return (self._command(workload, question),)
        try:
            return tuple(self._all(workload, question))
        except PermissionError:
            return (self._command(workload, question),)
        except LookError as error:
            return (Output(error=visible(str(error))),)

    def last(self, workload: Workload) -> str:
        """The last lines of one container: of one that ended where there is one, and rather of the server."""
        parts = [one for one in self.read(workload, Question(lines=_LAST)) if one.text]
        return min(parts, key=_interest, default=Output()).text

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _command(self, workload: Workload, question: Question) -> Output:
        one = question
        command = logs_command(workload, one.lines, follow=one.follow, previous=one.previous, pod=one.replica)
        return Output(command=command)

    def _all(self, workload: Workload, question: Question) -> Iterator[Output]:
        """Raises PermissionError, or LookError when the pods are not known."""
        deadline = time.monotonic() + _SECONDS
        chosen = sources(self._pods(workload), question.replica, question.starts, previous=question.previous)
        for one in islice(chosen, AT_ONCE):
            part, error = Part((), question.starts.get(one.id, 0)), _LATE
            if time.monotonic() < deadline:
                try:
                    part, error = self._news(one, question), ""
                except LookError as failure:
                    error = visible(str(failure))
            text = text_of(part.lines, _SHOWN)
            yield Output(text, part.next, error=error, id=one.id, replica=one.replica, phase=one.phase)

    def _pods(self, workload: Workload) -> list[Object]:
        """Those that bear the mark of the service. Raises PermissionError or LookError."""
        namespace, mark = workload.id.partition("/")[0], workload.mark
        what = f"list the pods of {mark.service}"
        query: dict[str, str | int] = {"labelSelector": marks.ours(mark.owner, mark.service), "limit": _PODS}
        answer = self._ask(POD.path(namespace), what, query)
        if answer.status != 200:
            raise LookError(_words(what, answer))
        try:
            items: list[Object] = json.loads(answer.body)["items"]
        except (ValueError, KeyError, TypeError) as error:
            raise LookError(f"{what}: the answer is no list; is there a proxy in between?") from error
        stamps = ((one, marks.read(one, POD.name)) for one in items)
        return [one for one, stamp in stamps if stamp and stamp.mark.service == mark.service]

    def _news(self, one: Source, question: Question) -> Part:
        """What is new of it: after its place, or the last lines. Raises PermissionError or LookError."""
        place = question.starts.get(one.id)
        if place is not None:
            return self._part(one, place, most=PAGE)
        part = self._part(one, 0, tail=question.lines)
        if not part.begun:  # how many lines of that second come before these must be known for the next reading
            part = self._part(one, part.last)
        return replace(part, lines=part.lines[-question.lines :])

    def _part(self, one: Source, place: int, most: int = _READ, tail: int = 0) -> Part:
        query: dict[str, str | int] = {"container": one.container, "timestamps": "true", "limitBytes": _READ}
        query |= {"previous": "true"} if one.previous else {}
        query |= {"tailLines": tail} if tail else {"sinceTime": since(place)} if since(place) else {}
        path = f"{POD.path(one.namespace, one.pod)}/log"
        what = f"read the output of {one.namespace}/{one.pod}"
        answer = self._ask(path, what, query)
        if answer.status != 200:
            if answer.status in (400, 404):  # it has not begun, or is gone: there is nothing to read
                return Part((), place)
            raise LookError(_words(what, answer))
        return new_lines(answer.body, place, most, cut=len(answer.body) >= _READ, ended=one.phase is Phase.ENDED)

    def _ask(self, path: str, what: str, query: Mapping[str, str | int]) -> Answer:
        answer = self._client.peek(path, what, query, _ONE.total_seconds())
        if answer.status == 403:
            raise PermissionError(what)
        return answer


def _words(what: str, answer: Answer) -> str:
    said = str(answer.told().get("message", ""))[:300]
    return f"{what}: {said or f'HTTP status {answer.status}'}"


def _interest(one: Output) -> tuple[bool, bool]:
    """Small for what says most about what is wrong."""
    return one.phase is not Phase.ENDED, one.id.split("/")[2:3] != [CONTAINER]
