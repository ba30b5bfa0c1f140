"""What services say of themselves, by recipe. The series come through the daemon's service discovery.

A section is folded and asks nothing until it is opened; of a service of another recipe it is empty.
"""

from __future__ import annotations

from dashboards.make.charts import BLUE, GREEN, ORANGE, RED, Ask, Chart, Kind, Section
from dashboards.make.words import quantile

_S = 'service="$service"'
_RATE = "$__rate_interval"


def _lines(recipe: str, title: str, about: str, *asks: tuple[str, str], unit: str = "none", **more: object) -> Chart:
    empty = f"Not a service of the recipe {recipe}, or its metrics are not scraped (docs/service-discovery.md)"
    said = tuple(Ask(expr, legend) for legend, expr in asks)
    words = {"width": 8, "height": 7, "empty": empty, "calm": True, "of": recipe, "unit": unit, **more}
    return Chart(title, about, Kind.LINES, said, **words)  # type: ignore[arg-type]


def _rate(counter: str, by: str = "", where: str = "") -> str:
    inner = f"rate({counter}{{{_S}{where}}}[{_RATE}])"
    return f"sum by ({by}) ({inner})" if by else f"sum({inner})"


def _within(histogram: str) -> tuple[tuple[str, str], ...]:
    shares = ((0.5, "half within"), (0.95, "95 % within"))
    return tuple((name, quantile(share, histogram, "", _S)) for share, name in shares)


_VLLM = (
    _lines(
        "vllm",
        "Requests",
        "Requests that are being answered, and requests that wait for a place.",
        ("running", f"sum(vllm:num_requests_running{{{_S}}})"),
        ("waiting", f"sum(vllm:num_requests_waiting{{{_S}}})"),
        colours=(("running", GREEN), ("waiting", ORANGE)),
    ),
    _lines(
        "vllm",
        "Tokens",
        "Tokens per second: read from prompts, and generated.",
        ("prompt", _rate("vllm:prompt_tokens_total")),
        ("generated", _rate("vllm:generation_tokens_total")),
        unit="cps",
    ),
    _lines(
        "vllm",
        "KV cache in use",
        "When it is full, requests wait or are preempted.",
        ("{{instance}}", f"max by (instance) (vllm:kv_cache_usage_perc{{{_S}}} or vllm:gpu_cache_usage_perc{{{_S}}})"),
        unit="percentunit",
        steps=((0, GREEN), (0.9, ORANGE), (0.98, RED)),
        top=1,
    ),
    _lines(
        "vllm",
        "Time to the first token",
        "What a reader waits for.",
        *_within("vllm:time_to_first_token_seconds"),
        unit="s",
    ),
    _lines(
        "vllm",
        "Whole requests",
        "From the request to its last token.",
        *_within("vllm:e2e_request_latency_seconds"),
        unit="s",
    ),
    _lines(
        "vllm",
        "Ends of requests",
        "Requests per second by why they ended: stop, length, abort.",
        ("{{finished_reason}}", _rate("vllm:request_success_total", "finished_reason")),
        unit="reqps",
    ),
)

_TRITON = (
    _lines(
        "triton",
        "Requests",
        "Requests per second that were answered, by model.",
        ("{{model}}", _rate("nv_inference_request_success", "model")),
        unit="reqps",
    ),
    _lines(
        "triton",
        "Failures",
        "Requests per second that failed, by model.",
        ("{{model}}", _rate("nv_inference_request_failure", "model")),
        unit="reqps",
        steps=((0, GREEN), (0.01, RED)),
    ),
    _lines(
        "triton",
        "Waiting requests",
        "Requests that wait for a place in a batch, by model.",
        ("{{model}}", f"sum by (model) (nv_inference_pending_request_count{{{_S}}})"),
    ),
    _lines(
        "triton",
        "Time of a request",
        "Mean time of a request, and of it in the queue.",
        ("whole", f"{_rate('nv_inference_request_duration_us')} / {_rate('nv_inference_request_success')}"),
        ("in the queue", f"{_rate('nv_inference_queue_duration_us')} / {_rate('nv_inference_request_success')}"),
        unit="µs",
    ),
    _lines(
        "triton",
        "Inferences in a batch",
        "How many inferences share one execution: more use the GPU better.",
        ("{{model}}", f"{_rate('nv_inference_count', 'model')} / {_rate('nv_inference_exec_count', 'model')}"),
    ),
    _lines(
        "triton",
        "GPU",
        "Share of the time in which each GPU works; without a GPU the server says nothing of it.",
        ("{{gpu_uuid}}", f"max by (gpu_uuid) (nv_gpu_utilization{{{_S}}})"),
        unit="percentunit",
        top=1,
    ),
)

_HITS = _rate("pg_stat_database_blks_hit")
_POSTGRESQL = (
    _lines(
        "postgresql",
        "Connections",
        "Open connections, and how many may be open.",
        ("open", f"sum(pg_stat_database_numbackends{{{_S}}})"),
        ("allowed", f"max(pg_settings_max_connections{{{_S}}})"),
        colours=(("open", BLUE), ("allowed", RED)),
    ),
    _lines(
        "postgresql",
        "Transactions",
        "Transactions per second: committed, and rolled back.",
        ("committed", _rate("pg_stat_database_xact_commit")),
        ("rolled back", _rate("pg_stat_database_xact_rollback")),
        unit="ops",
        colours=(("committed", GREEN), ("rolled back", ORANGE)),
    ),
    _lines(
        "postgresql",
        "Size",
        "Bytes on disk, by database.",
        ("{{datname}}", f"max by (datname) (pg_database_size_bytes{{{_S}}})"),
        unit="bytes",
    ),
    _lines(
        "postgresql",
        "Found in memory",
        "Share of the blocks that were read without the disk.",
        (
            "hits",
            f"{_HITS} / ({_HITS} + {_rate('pg_stat_database_blks_read')})",
        ),
        unit="percentunit",
        top=1,
    ),
    _lines(
        "postgresql",
        "Deadlocks",
        "Deadlocks per second.",
        ("{{datname}}", _rate("pg_stat_database_deadlocks", "datname")),
        unit="ops",
        steps=((0, GREEN), (0.01, RED)),
    ),
    _lines(
        "postgresql",
        "Locks",
        "Locks held now, by mode.",
        ("{{mode}}", f"sum by (mode) (pg_locks_count{{{_S}}})"),
    ),
)

_FAISS = (
    _lines("faiss", "Vectors", "Vectors in the index.", ("{{instance}}", f"max by (instance) (faiss_vectors{{{_S}}})")),
    _lines(
        "faiss",
        "Operations",
        "Vectors added or removed, and queries answered, per second.",
        ("{{operation}}", _rate("faiss_operation_items_total", "operation")),
        unit="ops",
    ),
    _lines(
        "faiss",
        "Time in the index",
        "Nine of ten operations take at most this long.",
        ("{{operation}}", quantile(0.9, "faiss_operation_duration_seconds", "operation", _S)),
        unit="s",
    ),
)

SECTIONS = (
    Section("vLLM", _VLLM, folded=True),
    Section("Triton", _TRITON, folded=True),
    Section("PostgreSQL", _POSTGRESQL, folded=True),
    Section("FAISS", _FAISS, folded=True),
)
