"""The half of the client that proposes changes: each becomes a commit."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from reconciler.client.paths import service_path
from reconciler.client.wire import Wire
from reconciler.errors import ReconcilerError
from reconciler.shapes.proposals import AcceptedShape


class Writing:
    """Proposals; what they have in common is said here.

    `reason`: why, one line for the commit. `key`: the same key is carried out once, however often it is asked for; one
    is made where none is given, so that a request may be sent again while the daemon or its repository is away.
    `direct`: on the branch itself, where the operator wants branches for pull requests; for the role `admin`.
    They answer when the commit is in the repository, not when it is carried out: `wait` waits for that. All raise
    ApiError, with everything that is wrong with the service, or NoAnswerError.
    """

    _wire: Wire

    def start_service(
        self,
        recipe_name: str,
        nodes: int = 1,
        config: Mapping[str, Any] | None = None,
        name: str | None = None,
        *,
        spec: Mapping[str, Any] | None = None,
        labels: Mapping[str, str] | None = None,
        folder: str = "",
        reason: str = "",
        key: str = "",
        direct: bool = False,
    ) -> AcceptedShape:
        """Propose a new service; a name that nobody else has is made of the recipe's where none is given.

        `config` are the recipe's parameters, `spec` more of the document's `spec:` with its keys in camelCase.
        """
        given = {"config": config, "name": name, "spec": spec, "labels": labels, "folder": folder, "reason": reason}
        body = {"recipe_name": recipe_name, "nodes": nodes} | {part: value for part, value in given.items() if value}
        return self._propose("POST", "/services", key, direct=direct, body=body)

    def update_service(
        self,
        service_id: str,
        spec: Mapping[str, Any] | None = None,
        labels: Mapping[str, str | None] | None = None,
        *,
        reason: str = "",
        key: str = "",
        direct: bool = False,
    ) -> AcceptedShape:
        """Propose other values: a JSON merge patch on its `spec:`, and on its labels; None takes a value away."""
        given = {"spec": spec, "labels": labels, "reason": reason}
        body = {part: value for part, value in given.items() if value}
        return self._propose("PATCH", service_path(service_id), key, direct=direct, body=body)

    def stop_service(self, service_id: str, *, reason: str = "", key: str = "", direct: bool = False) -> AcceptedShape:
        """Propose that it is wanted no more; its data is kept as the operator's settings say."""
        why = {"reason": reason} if reason else {}
        return self._propose("DELETE", service_path(service_id), key, direct=direct, params=why)

    def restart_service(
        self, service_id: str, *, reason: str = "", key: str = "", direct: bool = False
    ) -> AcceptedShape:
        """Propose that it is restarted once."""
        return self._act(service_id, "restart", reason, key, direct=direct)

    def suspend_service(
        self, service_id: str, *, reason: str = "", key: str = "", direct: bool = False
    ) -> AcceptedShape:
        """Propose that it is stopped and kept."""
        return self._act(service_id, "suspend", reason, key, direct=direct)

    def resume_service(
        self, service_id: str, *, reason: str = "", key: str = "", direct: bool = False
    ) -> AcceptedShape:
        """Propose that a suspended one runs again."""
        return self._act(service_id, "resume", reason, key, direct=direct)

    def _act(self, service_id: str, verb: str, reason: str, key: str, *, direct: bool) -> AcceptedShape:
        body = {"reason": reason} if reason else {}
        return self._propose("POST", f"{service_path(service_id)}/{verb}", key, direct=direct, body=body)

    def _propose(
        self,
        method: str,
        path: str,
        key: str,
        *,
        direct: bool,
        body: Mapping[str, Any] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> AcceptedShape:
        key = key or secrets.token_hex(16)
        if not (key.isascii() and key.isprintable() and " " not in key):
            raise ReconcilerError("a key is printable ASCII without spaces")
        asked = {**(params or {}), **({"direct": "true"} if direct else {})}
        try:
            answer = self._wire.send(method, path, key=key, params=asked, json=body)
        except (TypeError, ValueError) as error:
            raise ReconcilerError(f"the request cannot be written as JSON: {error}") from error
        return self._wire.parse(AcceptedShape, answer)
