"""The families of what the pages were asked for: few series, as routes are named by their templates."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from operator import itemgetter

from reconciler.board import BUCKETS, OUTCOMES, VERBS, Visits
from reconciler.board.visits import MOST_DENIALS, MOST_REQUESTS, STREAMS
from reconciler.metrics.exposition import Family, Form

REQUESTS = Family(
    "reconciler_http_requests_total",
    "counter",
    ("route", "method", "code"),
    f"1 for each route, method and code that came, at most {MOST_REQUESTS + 5}",
    "Requests to the daemon's pages that were answered, by the route's template.",
)
ANSWERS = Family(
    "reconciler_http_request_duration_seconds",
    "histogram",
    ("route", "method"),
    f"{len(BUCKETS) + 3} for each route and method that came",
    "Time from a request until its answer began; a stream is not counted for as long as it lasts.",
)
WATCHERS = Family(
    "reconciler_http_watchers",
    "gauge",
    ("stream",),
    f"{len(STREAMS)}",
    "Readers of streams (events, logs, waiting) just now.",
)
DENIED = Family(
    "reconciler_http_denied_total",
    "counter",
    ("reason",),
    f"1 for each reason that came, at most {MOST_DENIALS + 1}",
    "Requests that were not let in, by reason.",
)
PROPOSALS = Family(
    "reconciler_proposals_total",
    "counter",
    ("verb", "result"),
    f"{len(VERBS) * len(OUTCOMES)}",
    "Changes that were asked for, over the API or by a verb through the daemon, and what came of them.",
)
PROPOSING = Family(
    "reconciler_proposal_duration_seconds",
    "histogram",
    ("verb",),
    f"{len(BUCKETS) + 3} for each verb",
    "Time from when a change was asked for until it was in the repository, or refused.",
)
FAMILIES = (REQUESTS, ANSWERS, WATCHERS, DENIED, PROPOSALS, PROPOSING)


def visits_text(visits: Visits, form: Form) -> Iterator[str]:
    """Each of them; proposals from 0 on, so that the first one counts where a rate is asked for."""
    yield REQUESTS.gauges(form, sorted(visits.requests.items()))
    yield ANSWERS.histograms(form, ((key, visits.answers[key]) for key in sorted(visits.answers)))
    yield WATCHERS.gauges(form, (((one,), visits.watchers.get(one, 0)) for one in STREAMS))
    yield DENIED.gauges(form, (((one,), count) for one, count in sorted(visits.denied.items())))
    keys = sorted({*product(VERBS, OUTCOMES), *visits.proposals})
    yield PROPOSALS.gauges(form, ((key, visits.proposals.get(key, 0)) for key in keys))
    yield PROPOSING.histograms(
        form, (((verb,), one) for verb, one in sorted(visits.proposing.items(), key=itemgetter(0)))
    )
