"""A real admission webhook on loopback: what the API server asks it is counted, and a test says what it answers.

It has a certificate authority of its own, and is asked only about objects with one label, so that tests do not meet.
"""

from __future__ import annotations

import base64
import json
import ssl
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from secrets import token_hex
from typing import Any, Literal

from lab.kubernetes import KubernetesFacts
from lab.kubernetes_pki import Authority
from lab.wait import until

#: An object, or an operation of a JSON patch, as the API server sends and takes it.
Json = dict[str, Any]
#: The name of the objects that are tried, and never made, to see whether the webhook is asked yet. Always allowed.
PROBE = "webhook-probe"
_SECONDS = 20.0
#: Long enough for any time-out of a webhook (the API server's limit is 30 s).
_FOR_EVER = 60.0


@dataclass(frozen=True)
class Review:
    """One question of the API server (admission.k8s.io/v1, AdmissionReview). `item` is the old one on a deletion."""

    operation: str
    kind: str
    namespace: str
    name: str
    user: str
    dry_run: bool
    item: Json

    @classmethod
    def of(cls, request: Json) -> Review:
        """From `request` of an AdmissionReview."""
        return cls(
            operation=request["operation"],
            kind=request["kind"]["kind"],
            namespace=request.get("namespace", ""),
            name=request.get("name", ""),
            user=request["userInfo"].get("username", ""),
            dry_run=bool(request.get("dryRun")),
            item=request.get("object") or request.get("oldObject") or {},
        )


@dataclass(frozen=True)
class Decision:
    """An answer: allowed when `denied` is ""; `patch` changes the object; `seconds`: how late it comes."""

    denied: str = ""
    patch: Sequence[Json] = ()
    seconds: float = 0.0


Decide = Callable[[Review], Decision]
Kind = Literal["validating", "mutating"]


def allow(_: Review) -> Decision:
    """Everything as it is."""
    return Decision()


def deny(words: str) -> Decide:
    """Nothing, for a reason in words."""
    return lambda _: Decision(denied=words)


def mutate(*patch: Json) -> Decide:
    """Everything, with a JSON patch (RFC 6902)."""
    return lambda _: Decision(patch=patch)


def hang(_: Review) -> Decision:
    """No answer before the API server's patience ends."""
    return Decision(seconds=_FOR_EVER)


@dataclass
class Webhook:
    """A running webhook. `decide` may be set anew at any time; `reviews` are all questions but probes."""

    decide: Decide
    reviews: list[Review] = field(default_factory=list)
    probes: int = 0
    closing: threading.Event = field(default_factory=threading.Event)

    def count(self, operation: str, *, dry_run: bool = False) -> int:
        """How often it was asked about one operation (CREATE, UPDATE, DELETE)."""
        return sum(1 for one in self.reviews if (one.operation, one.dry_run) == (operation, dry_run))

    def answer(self, review: Review) -> Decision:
        """What it says, at once; waiting is left to the caller."""
        if review.item.get("metadata", {}).get("name") == PROBE:
            self.probes += 1
            return Decision()
        self.reviews.append(review)
        return self.decide(review)


@contextmanager
def webhook(
    facts: KubernetesFacts,
    selector: dict[str, str],
    decide: Decide = allow,
    *,
    operations: Sequence[str] = ("*",),
    kind: Kind = "validating",
    seconds: int = 1,
    ignore_failures: bool = False,
    namespace: str = "ai",
) -> Iterator[Webhook]:
    """A webhook that the API server asks about objects with the labels `selector`, as soon as the block begins.

    `operations`: CREATE, UPDATE, DELETE. `seconds`: how long the API server waits for an answer; without one the
    request fails unless `ignore_failures`. `namespace` is one in which probes may be tried. It is asked no more when
    the block has ended.
    """
    hook, name = Webhook(decide), f"webhook-{token_hex(4)}"
    with tempfile.TemporaryDirectory() as folder:
        authority = Authority.create(Path(folder), None)
        authority.issue("webhook", "/CN=webhook", "IP:127.0.0.1")
        with _serving(hook, authority) as port:
            ca = base64.b64encode(Path(authority.crt("ca")).read_bytes()).decode()
            entry = {
                "name": f"{name}.example.com",
                "clientConfig": {"url": f"https://127.0.0.1:{port}/", "caBundle": ca},
                "rules": [_rule("*", "*", operations), _rule("", "configmaps", ("CREATE",))],
                "objectSelector": {"matchLabels": selector},
                "failurePolicy": "Ignore" if ignore_failures else "Fail",
                "sideEffects": "None",
                "admissionReviewVersions": ["v1"],
                "timeoutSeconds": seconds,
            }
            with _configured(facts, name, kind, entry):
                _wait(facts, hook, namespace, selector, asked=True)
                yield hook
            _wait(facts, hook, namespace, selector, asked=False)


def _rule(group: str, resources: str, operations: Sequence[str]) -> Json:
    """Namespaced objects only: a webhook that stops what Kubernetes needs itself would be hard to get rid of."""
    return {
        "apiGroups": [group],
        "apiVersions": ["*"],
        "operations": list(operations),
        "resources": [resources],
        "scope": "Namespaced",
    }


@contextmanager
def _configured(facts: KubernetesFacts, name: str, kind: Kind, entry: Json) -> Iterator[None]:
    resource = f"{kind.capitalize()}WebhookConfiguration"
    item = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": resource,
        "metadata": {"name": name},
        "webhooks": [entry],
    }
    facts.kubectl("create", "-f", "-", text=json.dumps(item))
    try:
        yield
    finally:
        facts.kubectl("delete", resource, name)


def _wait(facts: KubernetesFacts, hook: Webhook, namespace: str, labels: dict[str, str], *, asked: bool) -> None:
    """The API server learns of a webhook a moment after its configuration was written; nothing else says when."""
    metadata = {"name": PROBE, "namespace": namespace, "labels": labels}
    text = json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})

    def settled() -> bool:
        before = hook.probes
        facts.kubectl("create", "--dry-run=server", "-f", "-", text=text)
        return (hook.probes > before) is asked

    until(settled, _SECONDS, "the API server asks the webhook" if asked else "the API server asks the webhook no more")


@contextmanager
def _serving(hook: Webhook, authority: Authority) -> Iterator[int]:
    """Serve `hook` over TLS on a free port of loopback."""

    class Handler(BaseHTTPRequestHandler):
        """One AdmissionReview."""

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            decision = hook.answer(Review.of(body["request"]))
            if decision.seconds:
                hook.closing.wait(decision.seconds)
            text = json.dumps({**body, "request": None, "response": _response(body["request"]["uid"], decision)})
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            """Nothing is printed."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            """The API server hangs up when its patience ends; that is no news."""

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.crt("webhook"), authority.key("webhook"))
    with Server(("127.0.0.1", 0), Handler) as server:
        # The handshake is left to the thread of each connection.
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=server.serve_forever, name="webhook", daemon=True).start()
        try:
            yield server.server_address[1]
        finally:
            hook.closing.set()
            server.shutdown()


def _response(uid: str, decision: Decision) -> Json:
    answer: Json = {"uid": uid, "allowed": not decision.denied}
    if decision.denied:
        answer["status"] = {"message": decision.denied, "code": 403}
    if decision.patch:
        patch = base64.b64encode(json.dumps(list(decision.patch)).encode()).decode()
        answer |= {"patchType": "JSONPatch", "patch": patch}
    return answer
