"""Tokens of an OpenID provider: JWT (RFC 7519), checked with its public keys and nothing that the token itself says."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import jwt

from reconciler.models.proposal import Caller, Role
from reconciler.models.text import visible
from reconciler.settings import OidcSettings
from reconciler.settings.http import ClaimGrant
from reconciler.shapes import problem
from reconciler.web.door.jwks import ALGORITHMS, Key, fetch_keys
from reconciler.web.door.keyring import Keyring
from reconciler.web.door.refusal import RefusalError
from reconciler.web.door.tokens import caller_of, wrong

_RANK = (Role.READ, Role.PROPOSE, Role.ADMIN)
_LONGEST = 100
#: What is wrong with a token, in words; the first that fits.
_WORDS: tuple[tuple[type[Exception], str], ...] = (
    (jwt.ExpiredSignatureError, "the token has ended to be valid (exp)"),
    (jwt.ImmatureSignatureError, "the token is not valid yet (nbf, iat)"),
    (jwt.InvalidAudienceError, "the token is meant for somebody else (aud)"),
    (jwt.InvalidIssuerError, "the token is of another provider (iss)"),
    (jwt.InvalidSignatureError, "the token's signature is wrong"),
)
_BAD = "the token is no valid one of the provider"


class Oidc:
    """What one provider's tokens allow."""

    def __init__(self, settings: OidcSettings) -> None:
        self._settings = settings
        self._keys = Keyring(partial(fetch_keys, settings), 2 * settings.timeout.total_seconds())

    async def caller(self, token: str) -> Caller:
        """Whose it is. Raises RefusalError: 401 for a bad one, 403 for one that allows nothing, 503 without keys."""
        try:
            header = jwt.get_unverified_header(token)
        except jwt.PyJWTError as error:
            raise wrong("bad-token", _BAD) from error
        algorithm = header.get("alg")
        if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
            raise wrong("bad-token", f"the token is signed with {str(algorithm)[:20]}, which is not taken")
        keys = await self._keys.find(str(header.get("kid", "")))
        usable = [key for key in keys if algorithm in key.algorithms]
        if not usable:
            raise wrong("bad-token", "the provider has no key of that name for the token's signature")
        return self._granted(self._claims(token, usable[0], algorithm))

    def _claims(self, token: str, key: Key, algorithm: str) -> Mapping[str, Any]:
        settings = self._settings
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                key.public,
                algorithms=[algorithm],
                audience=settings.audience,
                issuer=settings.issuer,
                leeway=settings.leeway,
                options={"require": ["exp", "iss", "aud"]},
            )
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError) as error:
            expired = isinstance(error, jwt.ExpiredSignatureError)
            raise wrong("expired" if expired else "bad-token", _words(error)) from error
        return claims

    def _granted(self, claims: Mapping[str, Any]) -> Caller:
        name = self._name(claims)
        values = _texts(_inside(claims, self._settings.claim), split=self._settings.claim in {"scope", "scp"})
        grants = [grant for grant in self._settings.grants if grant.value in values]
        if not grants:
            words = f"{name}: nothing is granted to what the claim {self._settings.claim} of the token says"
            raise RefusalError(problem.FORBIDDEN, "no-grant", words)
        return caller_of(name, "oidc", _most(grants))

    def _name(self, claims: Mapping[str, Any]) -> str:
        """Who it is, as one printable line for commits and logs."""
        found = _inside(claims, self._settings.name)
        if self._settings.name == "email" and claims.get("email_verified") is False:
            raise RefusalError(problem.FORBIDDEN, "no-grant", "the provider has not verified the token's email")
        name = visible(found if isinstance(found, str) else "").translate({ord("<"): None, ord(">"): None}).strip()
        if not name or len(name) > _LONGEST:
            words = f"the claim {self._settings.name} of the token names nobody, or at too great a length"
            raise RefusalError(problem.FORBIDDEN, "no-grant", words)
        return name


def _words(error: Exception) -> str:
    if isinstance(error, jwt.MissingRequiredClaimError):
        return f"the token has no {error.claim}"
    return next((words for kind, words in _WORDS if isinstance(error, kind)), _BAD)


def _inside(claims: Mapping[str, Any], name: str) -> Any:
    """A claim; `realm_access.roles` is `roles` inside of `realm_access`, unless a claim has that very name."""
    if name in claims:
        return claims[name]
    found: Any = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _texts(found: Any, *, split: bool) -> frozenset[str]:
    if isinstance(found, str):
        return frozenset(found.split() if split else [found])
    return frozenset(one for one in found if isinstance(one, str)) if isinstance(found, list) else frozenset()


def _most(grants: list[ClaimGrant]) -> ClaimGrant:
    """The one that allows most; several of the same role and the same folders are put together."""
    role = max((grant.role for grant in grants), key=_RANK.index)
    first, *others = [grant for grant in grants if grant.role is role]
    services = [*first.services, *(one for grant in others if grant.folders == first.folders for one in grant.services)]
    return first.model_copy(update={"services": tuple(dict.fromkeys(services))})
