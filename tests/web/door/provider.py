"""A small OpenID provider on loopback: keys, its two pages, tokens of every kind, true and forged."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from jwt.warnings import InsecureKeyLengthWarning

AUDIENCE = "door-reconciler"
#: Keys take time to make, and are nobody's secret.
RSA, OTHER_RSA, SMALL_RSA = (rsa.generate_private_key(65537, size) for size in (2048, 2048, 1024))
P256, P384 = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP384R1())
ED = ed25519.Ed25519PrivateKey.generate()


def public(key: Any, name: str, **more: Any) -> dict[str, Any]:
    """A key as a JWK."""
    kinds = {
        rsa.RSAPrivateKey: RSAAlgorithm,
        ec.EllipticCurvePrivateKey: ECAlgorithm,
        ed25519.Ed25519PrivateKey: OKPAlgorithm,
    }
    kind = next(one for base, one in kinds.items() if isinstance(key, base))
    return {**json.loads(kind.to_jwk(key.public_key())), "kid": name, **more}


KEYS = (
    public(RSA, "rsa", use="sig"),
    public(P256, "p256", alg="ES256"),
    public(P384, "p384"),
    public(ED, "ed"),
    public(SMALL_RSA, "small"),
    public(OTHER_RSA, "for-encryption", use="enc"),
    public(OTHER_RSA, "only-ps512", alg="PS512"),
    {"kty": "oct", "kid": "shared", "k": "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"},
    {"kty": "RSA", "kid": "broken", "n": "AA", "e": "AQAB"},
    {"kid": "nothing"},
)


class Provider:
    """`keys` is what it says its keys are; `mode`: well, down (500), deaf (never answers), drip, huge, else."""

    def __init__(self, address: str) -> None:
        self.issuer = address
        self.keys: list[Mapping[str, Any]] = list(KEYS)
        self.claims: dict[str, Any] = {}
        self.mode = "well"
        self.asked: list[str] = []
        self.end = threading.Event()

    def token(self, key: Any = RSA, algorithm: str = "RS256", kid: str | None = "rsa", **claims: Any) -> str:
        """A token that is signed; a claim that is None is left out. `header` is put into its header."""
        header = {**({"kid": kid} if kid is not None else {}), **claims.pop("header", {})}
        now = int(time.time())
        usual = {
            "iss": self.issuer,
            "aud": AUDIENCE,
            "sub": "ada",
            "exp": now + 300,
            "iat": now,
            "groups": ["door-team"],
        }
        told = {name: value for name, value in (usual | claims).items() if value is not None}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", InsecureKeyLengthWarning)
            return jwt.encode(told, key, algorithm, headers=header)


def forged_hmac(token: str) -> str:
    """The same claims, signed with the provider's *public* key as the secret of HS256."""
    pem = RSA.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    signed = f"{part({'alg': 'HS256', 'typ': 'JWT', 'kid': 'rsa'})}.{token.split('.')[1]}"
    return f"{signed}.{encoded(hmac.new(pem, signed.encode(), hashlib.sha256).digest())}"


def part(content: Mapping[str, Any]) -> str:
    return encoded(json.dumps(content).encode())


def encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


@contextmanager
def provider() -> Iterator[Provider]:
    """One that answers until the end."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(found, self)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    found = Provider(f"http://127.0.0.1:{server.server_address[1]}/realms/door")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield found
    finally:
        found.end.set()
        server.shutdown()
        thread.join()
        server.server_close()


def answer(found: Provider, handler: BaseHTTPRequestHandler) -> None:
    found.asked.append(handler.path)
    if found.mode == "deaf":
        found.end.wait(30)
        return
    if found.mode == "elsewhere":
        handler.send_response(302)
        handler.send_header("Location", found.issuer.replace("/realms/door", "/secret"))
        handler.end_headers()
        return
    handler.send_response(500 if found.mode == "down" else 200)
    handler.end_headers()
    body = page(found, handler.path)
    try:
        if found.mode == "drip":
            for byte in body:
                handler.wfile.write(bytes([byte]))
                if found.end.wait(0.5):
                    return
        else:
            handler.wfile.write(body + (b" " * 3_000_000 if found.mode == "huge" else b""))
    except OSError:
        return  # it did not wait


def page(found: Provider, path: str) -> bytes:
    if path.endswith("/.well-known/openid-configuration"):
        issuer = "https://other.example" if found.mode == "other" else found.issuer
        keys = "http://keys.example/jwks" if found.mode == "plain" else f"{found.issuer}/jwks"
        return json.dumps({"issuer": issuer, "jwks_uri": keys}).encode()
    if found.mode == "no-json":
        return b"[" * 100_000
    return json.dumps({"keys": found.keys}).encode()
