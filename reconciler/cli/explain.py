"""`reconciler explain`: the story of one service in words."""

from __future__ import annotations

import json
from contextlib import closing
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from reconciler.cli.config import DEFAULT, Config
from reconciler.cli.where import CaFile, Server, TokenFile, Where, where

if TYPE_CHECKING:
    from reconciler.settings import Settings
    from reconciler.shapes.story import StoryShape


class Format(StrEnum):
    """How the story is written."""

    TEXT = "text"
    JSON = "json"


def explain(
    service: Annotated[str, typer.Argument(help="The service's name.", show_default=False)],
    config: Config = DEFAULT,
    output: Annotated[Format, typer.Option("--output", "-o", help="How it is written.")] = Format.TEXT,
    server: Server = None,
    token_file: TokenFile = None,
    ca_file: CaFile = None,
) -> None:
    """Tell the story of a service: what is wanted, what is there, what it waits for, what ended and why, what is next.

    Asks the daemon; where none answers, looks at the targets itself. Ends with 2 when there is no such service.
    """
    from reconciler.cli.story import text_of
    from reconciler.metrics import utc_now

    stories = read_stories(where(config, server, token_file, ca_file), service)
    if output is Format.JSON:
        typer.echo(json.dumps([story.model_dump(mode="json") for story in stories], indent=2))
    else:
        typer.echo("\n".join(text_of(story, utc_now()) for story in stories), nl=False)


def read_stories(place: Where, service: str) -> list[StoryShape]:
    """As the daemon tells them; without a daemon, from one look of our own that changes nothing.

    Raises ReconcilerError, with the nearest names, when nobody knows the service.
    """
    answer = place.ask(lambda client: client.explain(service))
    return _own_look(place.alone(), service) if answer is None else answer


def _own_look(settings: Settings, service: str) -> list[StoryShape]:
    from reconciler.daemon import TargetOutputs, single_pass
    from reconciler.errors import ReconcilerError
    from reconciler.explain import tell, unknown
    from reconciler.metrics import utc_now
    from reconciler.shapes.story import StoryShape

    result = single_pass(settings, act=False)
    stories = tell(result.status, result.views, service, utc_now())
    if not stories:
        raise ReconcilerError(unknown(result.status, service))
    with closing(TargetOutputs(settings)) as outputs:
        return [StoryShape.of(story, outputs.last) for story in stories]
