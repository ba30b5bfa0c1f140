"""What the simulated API server answers when it does not do as it was asked: a Status object, as metav1.Status is."""

from __future__ import annotations

import json

from reconciler.kube.door.failures import Answer


class StatusError(Exception):
    """An answer that is not a success. `code` is the HTTP status; `reason` as in k8s.io/apimachinery's StatusReason."""

    def __init__(
        self, code: int, reason: str, message: str, *, name: str = "", causes: tuple[tuple[str, str, str], ...] = ()
    ) -> None:
        super().__init__(message)
        self.code = code
        details: dict[str, object] = {"name": name} if name else {}
        details["causes"] = [{"field": field, "reason": why, "message": text} for field, why, text in causes]
        self._told = {
            "kind": "Status",
            "apiVersion": "v1",
            "status": "Failure",
            "code": code,
            "reason": reason,
            "message": message,
            "details": details,
        }

    def answer(self) -> Answer:
        """As it comes over the wire."""
        return Answer(self.code, json.dumps(self._told).encode())


def absent(what: str, name: str) -> StatusError:
    return StatusError(404, "NotFound", f'{what} "{name}" not found', name=name)


def unknown_kind() -> StatusError:
    return StatusError(404, "NotFound", "the server could not find the requested resource")


def exists(what: str) -> StatusError:
    return StatusError(409, "AlreadyExists", f"{what} already exists")


def conflict(what: str, why: str) -> StatusError:
    return StatusError(409, "Conflict", f"Operation cannot be fulfilled on {what}: {why}")


def forbidden(what: str, why: str) -> StatusError:
    return StatusError(403, "Forbidden", f"{what} is forbidden: {why}")


def terminating(what: str, namespace: str) -> StatusError:
    why = f"unable to create new content in namespace {namespace} because it is being terminated"
    cause = ("metadata.namespace", "NamespaceTerminating", f"namespace {namespace} is being terminated")
    return StatusError(403, "Forbidden", f"{what} is forbidden: {why}", causes=(cause,))


def denied(hook: str) -> StatusError:
    return StatusError(403, "Forbidden", f'admission webhook "{hook}" denied the request: not now')


def invalid(what: str, field: str, why: str) -> StatusError:
    return StatusError(
        422, "Invalid", f"{what} is invalid: {field}: {why}", causes=((field, "FieldValueInvalid", why),)
    )


def expired(version: int) -> StatusError:
    return StatusError(410, "Expired", f"too old resource version: {version}")


def busy() -> StatusError:
    return StatusError(429, "TooManyRequests", "too many requests, please try again later")


def broken() -> StatusError:
    return StatusError(500, "InternalError", "etcdserver: leader changed")
