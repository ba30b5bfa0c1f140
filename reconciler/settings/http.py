"""The daemon's pages and its API: where they are, who may use them, and how what is asked for becomes a commit."""

from __future__ import annotations

import ipaddress
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints, field_validator

from reconciler.models.model import Model
from reconciler.models.proposal import Role
from reconciler.models.units import Duration, Line, Name, Quantity

Listen = Annotated[str, StringConstraints(pattern=r"^[^\s:]+:\d{1,5}$|^\[[0-9a-fA-F:]+\]:\d{1,5}$")]
#: A name of a service, or a pattern of names: `bench-*`.
ServicePattern = Annotated[str, StringConstraints(pattern=r"^[-a-z0-9*?]+$", max_length=50)]
Whose = Literal["loopback", "all", "none"]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


def _is_folder(text: str) -> str:
    parts = text.split("/")
    if text and (text.startswith(("/", "-")) or {"", ".", ".."} & set(parts) or "\\" in text):
        raise ValueError("a folder inside the repository, such as desired/bench")
    return text


def private_url(url: str) -> str:
    """A URL that nobody on the way can change the answer of."""
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and loopback_name(parts.hostname or "")):
        raise ValueError("an https:// URL; http:// for this machine's loopback only")
    return url


def _is_source_of_keys(text: str) -> str:
    return private_url(text) if "://" in text else text


def loopback_name(host: str) -> bool:
    """Whether a host is this machine's own loopback: its address, or `localhost`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


Folder = Annotated[Line, AfterValidator(_is_folder)]
Url = Annotated[Line, AfterValidator(private_url)]


class Grant(Model):
    """What somebody may do."""

    role: Role = Field(
        default=Role.READ,
        description="read: look; propose: also change services within `services` and `folders`; admin: any service.",
    )
    services: tuple[ServicePattern, ...] = Field(default=("*",), description="Names, or patterns: `bench-*`.")
    folders: tuple[Folder, ...] = Field(default=(), description="Folders of the repository; empty: all of it.")


class TokenSettings(Grant):
    """One bearer token (`reconciler token` makes it). The file has its hash only."""

    name: Name = Field(description="Who has it: the author of the commits, and the name in the audit lines.")
    sha256: Digest = Field(description="SHA-256 of the token, in hexadecimal.")
    expires: AwareDatetime | None = Field(default=None, description="When it ends to be valid.")


class ClaimGrant(Grant):
    """What those may do whose token has a value in the claim."""

    value: Line = Field(description="A value of the claim.")


class OidcSettings(Model):
    """Tokens of an OpenID provider (JWT, RFC 7519), told by issuer and audience."""

    issuer: Url = Field(description="The provider: `iss` of its tokens, exactly as it writes it.")
    audience: Line = Field(description="`aud` of tokens that are meant for this daemon.")
    keys: Annotated[Line, AfterValidator(_is_source_of_keys)] | None = Field(
        default=None, description="Its public keys (JWKS), a URL or a file; asked of the provider itself when unset."
    )
    name: Line = Field(default="sub", description="The claim that names who it is; one that users cannot choose.")
    claim: Line = Field(
        default="groups",
        description="The claim, a text or a list of texts, that `grants` look at; `a.b` is `b` inside of `a`.",
    )
    grants: tuple[ClaimGrant, ...] = Field(
        default=(), description="What which values allow; the one that allows most counts. Without a match: nothing."
    )
    leeway: Duration = Field(default=timedelta(seconds=30), description="By which clocks may differ.")
    timeout: Duration = Field(default=timedelta(seconds=5), description="Time for one answer of the provider.")


class TlsSettings(Model):
    """HTTPS; a proxy in front of the daemon is the other way. Both files are PEM."""

    certificate: Path = Field(description="The certificate, and those between it and its root.")
    key: Path = Field(description="Its private key.")


class AnonymousSettings(Model):
    """What is shown to who has no token. /healthz and /readyz are shown to all."""

    read: Whose = Field(default="loopback", description="Reading: loopback is this machine, without a proxy between.")
    metrics: Whose = Field(default="loopback", description="The same for /metrics and /sd, which Prometheus reads.")


class RequestLimits(Model):
    """What one caller may ask for; more is answered with 429, or 413."""

    reads: int = Field(default=6000, ge=1, description="Requests that read, in a minute.")
    writes: int = Field(default=120, ge=1, description="Requests that write, in a minute.")
    failures: int = Field(default=30, ge=1, description="Requests of one address with a wrong token, in a minute.")
    body: Quantity = Field(default="64Ki", description="Size of a request's body.", validate_default=True)
    header: Duration = Field(default=timedelta(seconds=10), description="Time for a request's headers, and its body.")
    connections: int = Field(default=2000, ge=10, description="Connections at the same time, of all callers.")
    watchers: int = Field(default=1000, ge=1, description="Streams of events and logs at the same time, of all.")


class HttpSettings(Model):
    """The daemon's own pages."""

    listen: Listen = Field(default="127.0.0.1:9464", description="Address and port; port 0 takes a free one.")
    socket: bool = Field(
        default=True, description="Also a unix socket, `<state>/api.sock`, for the daemon's own user, who may all."
    )
    tls: TlsSettings | None = Field(default=None, description="HTTPS on `listen`; unset: HTTP.")
    anonymous: AnonymousSettings = AnonymousSettings()
    tokens: tuple[TokenSettings, ...] = Field(default=(), description="Bearer tokens.")
    oidc: OidcSettings | None = Field(default=None, description="Tokens of an OpenID provider; unset: none.")
    limits: RequestLimits = RequestLimits()

    @field_validator("tokens", mode="after")
    @classmethod
    def _are_different(cls, tokens: tuple[TokenSettings, ...]) -> tuple[TokenSettings, ...]:
        for digest, times in Counter(token.sha256 for token in tokens).items():
            if times > 1:
                names = ", ".join(token.name for token in tokens if token.sha256 == digest)
                raise ValueError(f"tokens that are different; {names} have the same")
        return tokens

    def advice(self) -> str:
        """What the operator should know about these settings; "" for nothing."""
        host = self.listen.rpartition(":")[0].strip("[]")
        if self.tls or loopback_name(host) or not (self.tokens or self.oidc):
            return ""
        return (
            f"http.listen: {self.listen} is reached from other machines without TLS, so tokens can be read on the way: "
            "set http.tls, or listen on loopback behind a proxy that has it"
        )


class ProposalSettings(Model):
    """How a change that is asked for over the API or by a verb becomes a commit."""

    mode: Literal["commit", "branch", "off"] = Field(
        default="commit",
        description="commit: on the branch that is followed; branch: on a new one each, for a pull request; off: none.",
    )
    folder: Folder | None = Field(
        default=None, description="Where files of new services go; the desired path itself when unset."
    )
    prefix: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_/-]*$", max_length=60)] = Field(
        default="reconciler/", description="What names of new branches begin with."
    )
    committer: Line = Field(default="Reconciler", description="Name of the committer.")
    email: Annotated[str, StringConstraints(pattern=r"^[^\s<>@]+@[^\s<>@]+$", max_length=200)] = Field(
        default="reconciler@localhost.invalid", description="Its address; authors have it too."
    )
    signing_key: Path | None = Field(
        default=None, description="SSH key that signs the commits; needed where `source.verify.required` is set."
    )
