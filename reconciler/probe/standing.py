"""What the probes of one instance add up to: thresholds, the start-up grace, the first real request. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.models.recipe import HealthProbe


@dataclass(frozen=True, slots=True)
class Standing:
    """`up` is None until the probes decide. `run` counts those in a row: good ones up, failed ones down from 0.

    `served`: its first request was answered, so that it is not sent again.
    """

    up: bool | None = None
    run: int = 0
    served: bool = False


def stand(before: Standing, probe: HealthProbe, *, answered: bool, grace: bool) -> Standing:
    """The standing after one more probe. `answered`: it was good, the first request too where one is due.

    In its `grace` after the start a failure decides nothing, as long as it was never up.
    """
    if answered:
        run = max(before.run, 0) + 1
        up = True if run >= probe.successes else before.up
        return Standing(up, run, served=True)
    run = min(before.run, 0) - 1
    decided = -run >= probe.failures and not (before.up is None and grace)
    return Standing(False if decided else before.up, run, before.served)
