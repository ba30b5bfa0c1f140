"""What may happen in a storm, and how often it does; each does one thing and says in words what it was."""

from __future__ import annotations

from collections.abc import Callable

from tests.storm.kubernetes import troubles, wishes
from tests.storm.kubernetes.sky import Storm

#: Returns "" when it could not happen now.
Event = Callable[[Storm], str]

EVENTS: dict[Event, int] = {
    wishes.change: 8,
    wishes.restart: 3,
    wishes.scale: 4,
    wishes.suspend: 3,
    wishes.remove: 5,
    wishes.squat: 2,
    wishes.lose: 2,
    wishes.bad_file: 3,
    wishes.recast: 2,
    wishes.kill_daemon: 8,
    wishes.change_daemon: 2,
    troubles.delete: 8,
    troubles.edit: 6,
    troubles.strip_labels: 6,
    troubles.strip_managers: 2,
    troubles.guard: 3,
    troubles.server: 3,
    troubles.cut: 6,
    troubles.wire: 10,
    troubles.freeze: 3,
    troubles.denied: 4,
    troubles.unanswered: 2,
    troubles.quota: 3,
    troubles.rights: 3,
}
