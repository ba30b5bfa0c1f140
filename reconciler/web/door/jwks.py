"""An OpenID provider's public keys: where they are, what is taken of them. Blocking, bounded in time and size."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from jwt import PyJWK, PyJWTError
from jwt.algorithms import AllowedPublicKeys

from reconciler.errors import SourceError
from reconciler.settings import OidcSettings
from reconciler.settings.http import loopback_name, private_url

#: What signs tokens, by the type of key. A secret that both ends share (HS…) is none of these, nor is no signature.
_RSA = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
_BY_TYPE: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("RSA", ""): _RSA,
    ("EC", "P-256"): ("ES256",),
    ("EC", "P-384"): ("ES384",),
    ("EC", "P-521"): ("ES512",),
    ("OKP", "Ed25519"): ("EdDSA",),
    ("OKP", "Ed448"): ("EdDSA",),
}
ALGORITHMS = frozenset(name for names in _BY_TYPE.values() for name in names)
_SMALLEST_RSA = 2048
#: Largest answer in bytes, and most keys of it.
_LARGEST, _MOST = 1024 * 1024, 100


class KeysError(SourceError):
    """The provider's keys cannot be had at the moment."""


@dataclass(frozen=True, slots=True)
class Key:
    """One public key, and what it may have signed with. `name` is its `kid`, or ""."""

    name: str
    algorithms: tuple[str, ...]
    public: AllowedPublicKeys


def fetch_keys(settings: OidcSettings) -> tuple[Key, ...]:
    """The keys as they are now. Raises KeysError."""
    try:
        return read_keys(_text(settings))
    except (OSError, httpx.HTTPError, httpx.InvalidURL, ValueError, RecursionError) as error:
        where = settings.keys or settings.issuer
        raise KeysError(f"the keys of {where} cannot be read: {str(error) or type(error).__name__}") from error


def read_keys(text: bytes) -> tuple[Key, ...]:
    """The keys in a JWK set that can be used here. Raises ValueError where there are none."""
    content = json.loads(text)
    listed = content.get("keys") if isinstance(content, dict) else None
    if not isinstance(listed, list):
        raise ValueError("that is no JWK set")  # noqa: TRY004 - it is foreign text that is wrong, not a call
    if keys := tuple(_usable(listed[:_MOST])):
        return keys
    raise ValueError(f"no key of {len(listed)} is for signatures of {', '.join(sorted(ALGORITHMS))}")


def _usable(listed: list[Any]) -> Iterator[Key]:
    for one in listed:
        algorithms = _algorithms(one) if isinstance(one, dict) else ()
        if not algorithms:
            continue
        try:
            key = PyJWK(one, algorithm=algorithms[0]).key
        except (PyJWTError, ValueError, TypeError):
            continue  # one broken key is no reason to do without the others
        if isinstance(key, RSAPublicKey | RSAPrivateKey) and key.key_size < _SMALLEST_RSA:
            continue
        yield Key(str(one.get("kid", "")), algorithms, key)


def _algorithms(one: Mapping[str, Any]) -> tuple[str, ...]:
    if one.get("use", "sig") != "sig" or "verify" not in one.get("key_ops", ["verify"]):
        return ()
    known = _BY_TYPE.get((str(one.get("kty")), str(one.get("crv", ""))), ())
    return tuple(name for name in known if one.get("alg", name) == name)


def _text(settings: OidcSettings) -> bytes:
    seconds = settings.timeout.total_seconds()
    where = settings.keys or _discovered(settings.issuer, seconds)
    return _get(where, seconds) if "://" in where else _file(Path(where))


def _discovered(issuer: str, seconds: float) -> str:
    """Where the provider says that its keys are (OpenID Connect Discovery 1.0)."""
    page = json.loads(_get(issuer.rstrip("/") + "/.well-known/openid-configuration", seconds))
    if not isinstance(page, dict) or page.get("issuer") != issuer:
        raise ValueError("its openid-configuration names another issuer")
    return private_url(str(page.get("jwks_uri")))


def _file(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_LARGEST)


def _get(url: str, seconds: float) -> bytes:
    """The body at a URL. Nothing is followed elsewhere, and nothing is unpacked (a small answer may unpack to much)."""
    until, body = time.monotonic() + seconds, bytearray()
    at_home = loopback_name(urlsplit(url).hostname or "")
    headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
    with (
        httpx.Client(timeout=seconds, trust_env=not at_home, headers=headers) as client,
        client.stream("GET", url) as answer,
    ):
        if answer.status_code != httpx.codes.OK:
            raise ValueError(f"{url} answered {answer.status_code}")
        for part in answer.iter_raw():
            body += part
            if len(body) > _LARGEST or time.monotonic() > until:
                raise ValueError(f"{url} answered more than {_LARGEST} bytes, or took longer than {seconds:g}s")
    return bytes(body)
