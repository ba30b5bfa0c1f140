"""Which daemon a verb asks: one that is named, or the one that works with the state folder of the settings."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from reconciler.cli.config import load_settings
from reconciler.errors import ReconcilerError, SettingsError

if TYPE_CHECKING:
    from reconciler.client import Client
    from reconciler.settings import Settings

T = TypeVar("T")
Server = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        envvar="RECONCILER_SERVER",
        help="Ask this daemon, such as https://host:9464; the one of the settings when unset.",
        show_default=False,
    ),
]
TokenFile = Annotated[
    Path | None,
    typer.Option(
        envvar="RECONCILER_TOKEN_FILE",
        help="File with the bearer token for it; or put the token into RECONCILER_TOKEN.",
        show_default=False,
    ),
]
CaFile = Annotated[
    Path | None,
    typer.Option(envvar="RECONCILER_CA_FILE", help="Certificates that are trusted for https.", show_default=False),
]
_TIMEOUT = 20.0
_PATIENCE = 2.0
_LARGEST = 65_536
_NO_TOKEN = 401


@dataclass(frozen=True, slots=True)
class Where:
    """Where to ask. `settings` is None where a daemon was named; its `server` is then its address."""

    settings: Settings | None
    server: str = ""
    token: str = ""
    ca_file: Path | None = None

    def client(self, timeout: float = _TIMEOUT, patience: float = _PATIENCE) -> Client:
        """A client of it. Raises NoAnswerError where surely none is there, SettingsError for a wrong address."""
        from reconciler.client import Client

        if self.settings is None:
            return Client(self.server, self.token, ca_file=self.ca_file, timeout=timeout, patience=patience)
        tls = self.settings.http.tls
        own = tls.certificate if tls else None
        return Client.of_state(self.settings.state, self.token, ca_file=own, timeout=timeout, patience=patience)

    def ask(self, question: Callable[[Client], T]) -> T | None:
        """The answer; None where no daemon of the settings' state folder answers now.

        Raises ApiError for what it refuses, NoAnswerError where a daemon that was named does not answer.
        """
        from reconciler.client import ApiError, NoAnswerError

        try:
            with self.client() as client:
                return question(client)
        except NoAnswerError:
            if self.settings is None:
                raise
        except ApiError as error:
            if self.settings is None or error.status < 500:
                raise
        return None

    def alone(self) -> Settings:
        """The settings, where no daemon answers; says so. To be called after `ask` gave nothing."""
        if self.settings is None:
            raise SettingsError(f"{self.server} does not answer")
        typer.echo("no daemon answers; looking at the targets directly", err=True)
        return self.settings


def where(config: Path, server: str | None, token_file: Path | None, ca_file: Path | None) -> Where:
    """What the options and the environment say; the settings are read only where no daemon is named.

    Raises SettingsError.
    """
    token = token_of(token_file)
    if server:
        return Where(None, server, token, ca_file)
    return Where(load_settings(config), token=token)


def token_of(path: Path | None) -> str:
    """The token, of a file or of the environment; "" for none. Raises SettingsError.

    It is never an argument, which everybody on a machine could read.
    """
    if path is None:
        return os.environ.get("RECONCILER_TOKEN", "").strip()
    try:
        with path.open("rb") as file:
            return file.read(_LARGEST).decode("ascii").strip()
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror}; it should have a token") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: has no token in it: it is not ASCII") from error


def words_of(error: ReconcilerError) -> list[str]:
    """An error for people at a command line, line by line: who lacks a token hears how one is given here."""
    lines = str(error).splitlines()
    lacking = getattr(error, "status", None) == _NO_TOKEN
    return [*lines, "a token is given with --token-file, or in RECONCILER_TOKEN"] if lacking else lines
