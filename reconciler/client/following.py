"""The half of the client that follows what happens, as it happens."""

from __future__ import annotations

from reconciler.client.wire import Wire


class Following:
    """Streams. All raise ApiError or NoAnswerError."""

    _wire: Wire
