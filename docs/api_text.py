"""What people write of docs/api.md: how to begin, and the worked example, which a test carries out word by word."""

from __future__ import annotations

#: Carried out by bash; RECONCILER_SERVER is a daemon's address, RECONCILER_TOKEN a token with the role `propose`.
CURL = r"""
api() { curl --silent --show-error --fail-with-body --header "Authorization: Bearer $RECONCILER_TOKEN" "$@"; }
url=$RECONCILER_SERVER

# What can be run, and with which parameters?
api "$url/recipes/faiss"

# Start one. The answer is 202 when the commit is in the repository; the same key never commits twice.
api "$url/services" --header "Content-Type: application/json" --header "Idempotency-Key: notebook-17" \
  --data '{"recipe_name": "faiss", "name": "vectors", "config": {"dimension": 8}, "labels": {"team": "nlp"},
           "reason": "benchmark 17"}'

# Wait until it is healthy: events as it comes up, then `done`. (`POST /services?wait=healthy` does both at once.)
api --no-buffer "$url/services/vectors/wait?until=healthy&timeout=10m"

# How does it stand, and where is it?
api "$url/services/vectors"
api "$url/services?label=team%3Dnlp&health=Healthy"
api "$url/services/vectors/endpoint?port=http"

# Change it (a JSON merge patch: null takes a value away), restart it, and stop it.
api "$url/services/vectors" --request PATCH --header "Content-Type: application/json" \
  --data '{"config": {"metric": "cosine"}, "labels": {"team": null}}'
api "$url/services/vectors/restart" --request POST
api --no-buffer "$url/services/vectors?reason=done&wait=gone" --request DELETE
"""

#: Carried out by Python, with the same two variables.
PYTHON = """
import os

from reconciler.client import Client

with Client(os.environ["RECONCILER_SERVER"], os.environ["RECONCILER_TOKEN"]) as client:
    print([recipe.name for recipe in client.list_recipes()])

    started = client.start_service("faiss", config={"dimension": 8}, name="vectors-2", reason="benchmark 18")
    print(started.commit, started.path)

    print(client.wait("vectors-2", until="healthy", timeout=600))
    print(client.endpoint("vectors-2", "http").ports["http"])
    for service in client.list_services(recipe="faiss", health="Healthy"):
        print(service.service, service.target, service.labels)

    client.stop_service("vectors-2", reason="done")
    print(client.wait("vectors-2", until="gone", timeout=600))
"""

INTRO = """The daemon serves an HTTP API at `http.listen` and, for its own user, at the unix socket
`<state>/api.sock`. It describes itself at `/openapi.json` (OpenAPI 3.1; the same document is
[openapi.json](openapi.json)), from which a client in any language can be made. [reconciler.client](client.md) is
the one for Python; the verbs `reconciler start`, `stop`, `restart`, `suspend`, `resume`, `list` and `logs` use it."""

RULES = """## What holds everywhere

* **A write is a commit.** It is answered with 202 when it is in the repository, with the commit's id and where to
  follow it; 200 means that the repository said so already. The daemon acts on clusters in its next turn, because of
  the commit and never because of the request. What a commit says, branches for pull requests and what each refusal
  means: [proposals](proposals.md).
* **A service's id is its name.** Keys of JSON are snake_case; below `config` and `spec` they are those of the
  [file](service.md). Times are UTC.
* **Who may**: reading needs no token on loopback, writing always does: `Authorization: Bearer …`. Tokens, OpenID,
  TLS, limits: [HTTP](http.md).
* **Once**: a write with an `Idempotency-Key` (any word of yours, at most 200 characters) is carried out once,
  however often it is sent, also after a restart of the daemon: the key is in the commit. Sent with another request
  it is refused.
* **Waiting**: `?wait=healthy` (`gone` for a stop) and `GET /services/{name}/wait` answer with a stream of
  [server-sent events](https://html.spec.whatwg.org/multipage/server-sent-events.html): `accepted`, then `verdict`
  whenever it stands otherwise, then `done`, which says whether it was reached and otherwise why not.
* **Reading** is from the newest table, at once, and never asks a cluster; only logs do. `GET /services` has an
  `ETag`: send it as `If-None-Match`, and while nothing has changed the answer is 304 without a body. Pages: `next`
  of one answer is `after` of the next, or follow the header `Link`; what comes and goes between two pages moves
  nothing.
* **Following**: `GET /events` tells all that changes as it happens, and goes on where it was: [events](events.md).
"""

PROBLEMS = """## Problems

Whatever goes wrong is answered with a problem document (RFC 9457, `application/problem+json`). `detail` says it in
words, the same as `reconciler validate` has; `errors` has each field by itself, `request` in it the field of the
request that it comes from. `next` says what may help: `retry` the same request after `Retry-After` seconds, `wait`
and look first (it may have happened), or `stop`: the same request would fail again. `type` is a name that stays:
"""
