"""When a service with a schedule is down."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from reconciler.desired.schedule import down_reason
from reconciler.models.service import Schedule

OFFICE = Schedule(up="0 8 * * 1-5", down="0 19 * * 1-5", timezone="Europe/Luxembourg")


@pytest.mark.parametrize(
    ("now", "reason"),
    [
        (datetime(2026, 11, 23, 6, 59, 59, tzinfo=UTC), "down until Mon 23 Nov 08:00 Europe/Luxembourg"),
        (datetime(2026, 11, 23, 7, 0, tzinfo=UTC), ""),
        (datetime(2026, 11, 23, 17, 59, 59, tzinfo=UTC), ""),
        (datetime(2026, 11, 23, 18, 0, tzinfo=UTC), "down until Tue 24 Nov 08:00 Europe/Luxembourg"),
        (datetime(2026, 11, 28, 12, 0, tzinfo=UTC), "down until Mon 30 Nov 08:00 Europe/Luxembourg"),
        (datetime(2026, 7, 6, 6, 30, tzinfo=UTC), ""),
    ],
)
def test_office_hours(now: datetime, reason: str) -> None:
    assert down_reason(OFFICE, now) == reason


def test_a_line_that_never_comes_true_is_refused() -> None:
    with pytest.raises(ValidationError, match="five cron fields"):
        Schedule(up="0 0 30 2 *", down="0 0 * * *")
