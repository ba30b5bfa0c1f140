"""Tokens of an OpenID provider: true ones, and everything that looks like one."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from reconciler.models.proposal import Role
from reconciler.settings import HttpSettings, OidcSettings
from tests.web.door import provider as made
from tests.web.door.provider import AUDIENCE, ED, OTHER_RSA, P256, P384, RSA, SMALL_RSA, Provider, provider
from tests.web.door.rooms import Answer, Room, room

GRANTS = [
    {"value": "door-guests", "role": "read"},
    {"value": "door-team", "role": "propose", "services": ["bench-*"], "folders": ["desired/bench"]},
    {"value": "door-team-b", "role": "propose", "services": ["b-*"], "folders": ["desired/bench"]},
    {"value": "door-elsewhere", "role": "propose", "services": ["else-*"]},
    {"value": "door-admins", "role": "admin"},
]


@pytest.fixture(scope="module")
def idp() -> Iterator[Provider]:
    with provider() as one:
        yield one


@pytest.fixture(scope="module")
def pages(idp: Provider) -> Iterator[Room]:
    with room(settings(idp)) as one:
        yield one


@pytest.fixture(scope="module")
def displayed(idp: Provider) -> Iterator[Room]:
    """Pages that call people by another claim."""
    with room(settings(idp, name="display")) as one:
        yield one


def settings(idp: Provider, **more: Any) -> HttpSettings:
    oidc = {"issuer": idp.issuer, "audience": AUDIENCE, "leeway": "10s", "timeout": "1s", "grants": GRANTS} | more
    return HttpSettings.model_validate({"oidc": oidc, "limits": {"failures": 100_000}})


def ask(pages: Room, token: str) -> Answer:
    return pages.ask("GET", "/door-who", Authorization=f"Bearer {token}")


@pytest.mark.parametrize(
    ("key", "algorithm", "kid"),
    [
        (RSA, "RS256", "rsa"),
        (RSA, "RS512", "rsa"),
        (RSA, "PS384", "rsa"),
        (P256, "ES256", "p256"),
        (P384, "ES384", "p384"),
        (ED, "EdDSA", "ed"),
        (OTHER_RSA, "PS512", "only-ps512"),
    ],
)
def test_true_tokens_of_all_kinds_of_keys(pages: Room, idp: Provider, key: Any, algorithm: str, kid: str) -> None:
    answer = ask(pages, idp.token(key, algorithm, kid))
    assert answer.json == {"name": "ada", "through": "oidc", "role": "propose", "folders": ["desired/bench"]}


@pytest.mark.parametrize(
    ("groups", "role", "services"),
    [
        ("door-guests", Role.READ, ("*",)),
        (["x", "door-guests", 7, None], Role.READ, ("*",)),
        (["door-guests", "door-team"], Role.PROPOSE, ("bench-*",)),
        (["door-team", "door-team-b"], Role.PROPOSE, ("bench-*", "b-*")),
        (["door-team", "door-elsewhere"], Role.PROPOSE, ("bench-*",)),
        (["door-team", "door-admins"], Role.ADMIN, ("*",)),
    ],
)
def test_the_grant_that_allows_most_counts(
    pages: Room, idp: Provider, groups: Any, role: Role, services: tuple[str, ...]
) -> None:
    token = idp.token(groups=groups)
    assert ask(pages, token).json["role"] == role
    if role is not Role.READ:
        assert pages.ask("POST", "/door-write", b"{}", Authorization=f"Bearer {token}").status == 200
        assert pages.writes[-1][0].services == services


@pytest.mark.parametrize(
    "groups", [None, [], "", "Door-Team", "door-team ", ["door-"], {"door-team": 1}, 7, [["door-team"]]]
)
def test_who_is_granted_nothing_gets_nothing(pages: Room, idp: Provider, groups: Any) -> None:
    denied = ask(pages, idp.token(groups=groups))
    assert (denied.status, denied.json["type"]) == (403, "urn:reconciler:problem:forbidden")
    assert "nothing is granted" in denied.json["detail"]


def forged(idp: Provider) -> dict[str, str]:
    """Tokens that must not be taken, with what is wrong with each."""
    true, now = idp.token(), int(time.time())
    head, claims, signature = true.split(".")
    none = made.part({"alg": "none", "typ": "JWT"})
    others = made.part({"iss": idp.issuer, "aud": AUDIENCE, "exp": now + 9, "sub": "eve", "groups": "door-admins"})
    private = made.public(OTHER_RSA, "rsa")
    return {
        "alg none": f"{none}.{claims}.",
        "alg none with a signature": f"{none}.{claims}.{signature}",
        "alg None": f"{made.part({'alg': 'None', 'kid': 'rsa'})}.{claims}.{signature}",
        "HS256 with the public key": made.forged_hmac(true),
        "no alg": f"{made.part({'kid': 'rsa'})}.{claims}.{signature}",
        "alg is a list": f"{made.part({'alg': ['RS256'], 'kid': 'rsa'})}.{claims}.{signature}",
        "another key under its name": idp.token(OTHER_RSA),
        "its key inside": idp.token(OTHER_RSA, header={"jwk": private}),
        "its keys elsewhere": idp.token(OTHER_RSA, kid="mine", header={"jku": f"{idp.issuer}/jwks-of-mine"}),
        "a certificate inside": idp.token(OTHER_RSA, header={"x5u": f"{idp.issuer}/x5u", "x5c": ["AAAA"]}),
        "a kid that is a path": idp.token(OTHER_RSA, kid="../../../../dev/null"),
        "a kid that is no text": f"{made.part({'alg': 'RS256', 'kid': {'a': 1}})}.{claims}.{signature}",
        "a kid that is a statement": idp.token(kid="rsa' OR '1'='1"),
        "no kid among many": idp.token(kid=None),
        "a key for encryption": idp.token(OTHER_RSA, kid="for-encryption"),
        "a key for another algorithm": idp.token(OTHER_RSA, "PS256", kid="only-ps512"),
        "a small key": idp.token(SMALL_RSA, kid="small"),
        "a shared secret": idp.token("secretsecretsecretsecretsecretsecret", "HS256", kid="shared"),
        "an algorithm of another key": idp.token(RSA, kid="p256"),
        "other claims": f"{head}.{others}.{signature}",
        "no signature": f"{head}.{claims}.",
        "half a signature": true[:-20],
        "another audience": idp.token(aud="other"),
        "another audience in a list": idp.token(aud=["other", f"{AUDIENCE}x"]),
        "no audience": idp.token(aud=None),
        "another issuer": idp.token(iss="https://other.example"),
        "nearly the issuer": idp.token(iss=idp.issuer + "/"),
        "no issuer": idp.token(iss=None),
        "expired": idp.token(exp=now - 60),
        "no end": idp.token(exp=None),
        "an end that is no number": idp.token(exp="never"),
        "an endless end": idp.token(exp=float("inf")),
        "not valid yet": idp.token(nbf=now + 60),
        "made tomorrow": idp.token(iat=now + 86_400),
        "critical words": idp.token(header={"crit": ["exp-by-moon"], "exp-by-moon": 1}),
        "not encoded": f"{head}.@@.{signature}".replace("@", "~"),
        "deep": f"{made.encoded(b'[' * 4000)}.{claims}.{signature}",
        "detached": f"{made.part({'alg': 'RS256', 'kid': 'rsa', 'b64': False, 'crit': ['b64']})}..{signature}",
        "empty parts": "..",
        "claims that are a list": f"{head}.{made.encoded(b'[]')}.{signature}",
    }


def test_forged_broken_and_foreign_tokens_are_refused(pages: Room, idp: Provider) -> None:
    ask(pages, idp.token())
    idp.asked.clear()
    taken = {}
    for what, token in forged(idp).items():
        answer = ask(pages, token)
        if answer.status != 401:
            taken[what] = answer.status
        assert answer.headers.get("content-type") == "application/problem+json", what
    assert taken == {}
    # A key that is unknown is asked for, but not again and again; nothing else that a token names is ever asked.
    assert idp.asked == []


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ({"exp": 1}, "the token has ended to be valid (exp)"),
        ({"aud": "other"}, "the token is meant for somebody else (aud)"),
        ({"iss": "https://other.example"}, "the token is of another provider (iss)"),
        ({"nbf": 4_000_000_000}, "the token is not valid yet (nbf, iat)"),
        ({"exp": None}, "the token has no exp"),
    ],
)
def test_what_is_wrong_is_said(pages: Room, idp: Provider, claims: dict[str, Any], words: str) -> None:
    denied = ask(pages, idp.token(**claims))
    assert denied.json["detail"] == words
    assert f'error_description="{words}"' in denied.headers["www-authenticate"]


def test_clocks_may_differ_a_little(pages: Room, idp: Provider) -> None:
    now = int(time.time())
    assert ask(pages, idp.token(exp=now - 1, nbf=now + 5, iat=now + 5)).status == 200


@pytest.mark.parametrize(
    ("name", "code", "shown"),
    [
        ("Ada Ĺovelace", 200, "Ada Ĺovelace"),
        ("Ada\nReconciler-Allow-Removals: all", 200, "Ada\\nReconciler-Allow-Removals: all"),
        ("Ada <ada@x.example>", 200, "Ada ada@x.example"),
        ("a\u202eb\x1b[2J\u2028", 200, "a\\u202eb\\x1b[2J\\u2028"),
        ("  ", 403, ""),
        ("<>", 403, ""),
        ("x" * 101, 403, ""),
    ],
)
def test_a_name_is_one_printable_line(displayed: Room, idp: Provider, name: str, code: int, shown: str) -> None:
    answer = ask(displayed, idp.token(display=name))
    assert answer.status == code
    assert code != 200 or answer.json["name"] == shown


def test_a_name_that_is_no_text_or_is_not_there(displayed: Room, idp: Provider) -> None:
    assert ask(displayed, idp.token(display=["Ada"])).status == 403
    assert ask(displayed, idp.token()).status == 403


def test_claims_inside_of_claims_and_scopes_and_unverified_addresses(idp: Provider) -> None:
    with room(settings(idp, claim="realm_access.roles", name="email")) as pages:
        token = idp.token(realm_access={"roles": ["door-admins"]}, email="ada@x.example", email_verified=True)
        assert ask(pages, token).json["role"] == "admin"
        assert ask(pages, token).json["name"] == "ada@x.example"
        token = idp.token(realm_access={"roles": ["door-admins"]}, email="ada@x.example", email_verified=False)
        assert ask(pages, token).status == 403
        assert ask(pages, idp.token(realm_access="door-admins", email="a@x.example")).status == 403
        flat = {"realm_access.roles": "door-guests", "email": "a@x.example"}
        assert ask(pages, idp.token(**flat)).json["role"] == "read"
    with room(settings(idp, claim="scope")) as pages:
        assert ask(pages, idp.token(scope="openid door-admins")).json["role"] == "admin"


def test_keys_in_a_file(idp: Provider, tmp_path: Path) -> None:
    path = tmp_path / "jwks.json"
    with room(settings(idp, keys=str(path))) as pages:
        denied = ask(pages, idp.token())
        assert (denied.status, denied.json["type"]) == (503, "urn:reconciler:problem:unavailable")
        assert int(denied.headers["retry-after"]) > 0
        assert "No such file" in denied.json["detail"]
        assert ask(pages, "rcl_x").status == 401
    path.write_text(json.dumps({"keys": [made.public(RSA, "")]}), "utf-8")
    with room(settings(idp, keys=str(path))) as pages:
        assert ask(pages, idp.token()).status == 401
        assert ask(pages, idp.token(kid=None)).status == 200, "the only key needs no name"


def test_a_new_key_is_found_and_unknown_ones_are_asked_for_once_a_minute() -> None:
    with provider() as own, room(settings(own)) as pages:
        own.keys = [made.public(P256, "old")]
        assert ask(pages, own.token(P256, "ES256", "old")).status == 200
        asked = len(own.asked)
        own.keys.append(made.public(RSA, "new"))
        for number in range(20):
            assert ask(pages, own.token(OTHER_RSA, kid=f"unknown-{number}")).status == 401
        assert len(own.asked) == asked, "the keys are younger than a minute"
        assert ask(pages, own.token(P256, "ES256", "old")).status == 200


@pytest.mark.parametrize("mode", ["down", "other", "plain", "no-json", "huge", "elsewhere", "drip", "deaf"])
def test_a_provider_that_is_not_well_is_told_and_never_waited_for_without_end(mode: str) -> None:
    with provider() as own, room(settings(own)) as pages:
        own.mode = mode
        begun = time.monotonic()
        denied = ask(pages, own.token())
        assert denied.status == 503
        assert time.monotonic() - begun < 15
        assert pages.ask("GET", "/healthz").status == 200
        assert "/secret" not in "".join(own.asked)
        asked = len(own.asked)
        assert ask(pages, own.token()).status == 503
        assert len(own.asked) == asked, "it is left alone for a while"


def test_a_provider_that_goes_away_leaves_its_keys() -> None:
    with provider() as own, room(settings(own)) as pages:
        assert ask(pages, own.token()).status == 200
        own.mode = "down"
        assert ask(pages, own.token()).status == 200
        assert ask(pages, own.token(OTHER_RSA, kid="unknown")).status == 401


@pytest.mark.parametrize(
    "wrong",
    [
        {"issuer": "http://idp.example"},
        {"issuer": "idp.example"},
        {"keys": "http://idp.example/jwks"},
        {"keys": "ftp://127.0.0.1/jwks"},
        {"keys": "file:///etc/passwd"},
    ],
)
def test_addresses_that_others_could_answer_for_are_no_settings(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="an https:// URL"):
        OidcSettings.model_validate({"issuer": "https://idp.example", "audience": "a"} | wrong)
