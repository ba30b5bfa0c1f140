"""`reconciler explain`: the story of one service in words."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

import typer

from reconciler.cli.config import DEFAULT, Config, load_settings

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
) -> None:
    """Tell the story of a service: what is wanted, what is there, what it waits for, what ended and why, what is next.

    Asks the daemon; where none answers, looks at the targets itself. Ends with 2 when there is no such service.
    """
    from reconciler.cli.story import text_of
    from reconciler.metrics import utc_now

    stories = read_stories(load_settings(config), service)
    if output is Format.JSON:
        typer.echo(json.dumps([story.model_dump(mode="json") for story in stories], indent=2))
    else:
        typer.echo("\n".join(text_of(story, utc_now()) for story in stories), nl=False)


def read_stories(settings: Settings, service: str) -> list[StoryShape]:
    """As the daemon tells them; without a daemon, from one look of our own that changes nothing.

    Raises ReconcilerError, with the nearest names, when nobody knows the service.
    """
    from pydantic import TypeAdapter

    from reconciler.cli.pages import get
    from reconciler.errors import ReconcilerError
    from reconciler.shapes.story import StoryShape

    answer = get(settings.state, f"/services/{quote(service, safe='')}/explain")
    if answer is None:
        typer.echo("no daemon answers; looking at the targets directly", err=True)
        return _own_look(settings, service)
    code, body = answer
    if code != 200:
        raise ReconcilerError(json.loads(body)["detail"])
    return TypeAdapter(list[StoryShape]).validate_json(body)


def _own_look(settings: Settings, service: str) -> list[StoryShape]:
    from reconciler.daemon import make_output, single_pass
    from reconciler.errors import ReconcilerError
    from reconciler.explain import tell, unknown
    from reconciler.metrics import utc_now
    from reconciler.shapes.story import StoryShape

    result = single_pass(settings, act=False)
    stories = tell(result.status, result.views, service, utc_now())
    if not stories:
        raise ReconcilerError(unknown(result.status, service))
    output = make_output(settings)
    return [StoryShape.of(story, output) for story in stories]
