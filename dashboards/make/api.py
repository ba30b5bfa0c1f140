"""What is asked of the daemon over HTTP: how much, how fast, by whom it is followed, what is turned away."""

from __future__ import annotations

from dashboards.make.charts import Ask, Chart, Kind, Section
from dashboards.make.words import quantile

_I = 'instance=~"$daemon"'
_SHORT = f'{_I}, route!~"/events|.*/(logs|wait)"'

API = Section(
    "API",
    (
        Chart(
            "Requests",
            "Requests per second that were answered, by their code.",
            Kind.LINES,
            (Ask(f"sum by (code) (rate(reconciler_http_requests_total{{{_I}}}[$__rate_interval]))", "{{code}}"),),
            unit="ops",
            width=8,
        ),
        Chart(
            "Length of an answer",
            "99 % of the answers of each route had been sent within this; streams, which last, are left out.",
            Kind.LINES,
            (Ask(quantile(0.99, "reconciler_http_request_duration_seconds", "route", _SHORT), "{{route}}"),),
            unit="s",
            width=8,
        ),
        Chart(
            "Watchers",
            "Readers of events, of output, and those who wait for a service.",
            Kind.LINES,
            (Ask(f"sum by (stream) (reconciler_http_watchers{{{_I}}})", "{{stream}}"),),
            width=8,
        ),
        Chart(
            "Proposals",
            "Changes that were asked for within the hour before, and what came of them.",
            Kind.STACK,
            (
                Ask(
                    f"sum by (verb, result) (increase(reconciler_proposals_total{{{_I}}}[1h])) > 0",
                    "{{verb}} {{result}}",
                ),
            ),
            width=8,
            empty="Nobody asked for a change",
            calm=True,
        ),
        Chart(
            "Length of a proposal",
            "From the request to the commit, of changes within the hour before: 99 % took at most this.",
            Kind.LINES,
            (Ask(quantile(0.99, "reconciler_proposal_duration_seconds", "verb", _I, "1h") + " >= 0", "{{verb}}"),),
            unit="s",
            width=8,
            empty="Nobody asked for a change",
            calm=True,
        ),
        Chart(
            "Not let in",
            "Requests that were turned away within the hour before, by reason.",
            Kind.STACK,
            (Ask(f"sum by (reason) (increase(reconciler_http_denied_total{{{_I}}}[1h])) > 0", "{{reason}}"),),
            width=8,
            empty="Nobody was turned away",
            calm=True,
        ),
    ),
)
