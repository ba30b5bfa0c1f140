"""The two text formats that Prometheus reads: its own (0.0.4) and OpenMetrics (1.0), written as text directly.

By objects it would be fifty times as much work, which counts where there are thousands of services.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from itertools import accumulate
from typing import Literal

from reconciler.board import Histogram

#: Most characters of a label's value: names are shorter, and what others wrote must not make a page longer.
LONGEST = 128
_TOTAL = "_total"


class Form(Enum):
    """How a page is written; the value is its type."""

    TEXT = "text/plain; version=0.0.4; charset=utf-8"
    OPEN = "application/openmetrics-text; version=1.0.0; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Family:
    """One metric: its full name, its type, its labels, what it says, and how many series of it there can be."""

    name: str
    kind: Literal["gauge", "counter", "histogram"]
    labels: tuple[str, ...]
    bound: str
    help: str

    def head(self, form: Form) -> str:
        """The lines above its samples. OpenMetrics names a counter without its ending, and knows units."""
        name, unit = self.name, ""
        if form is Form.OPEN:
            name = name.removesuffix(_TOTAL)
            unit = f"# UNIT {name} seconds\n" if name.endswith("_seconds") else ""
        return f"# HELP {name} {self.help}\n# TYPE {name} {self.kind}\n{unit}"

    def write(self, form: Form, lines: Iterable[str]) -> str:
        """The family with its lines (each with its newline)."""
        return self.head(form) + "".join(lines)

    def line(self, values: Iterable[str], number: float, example: str = "") -> str:
        """One sample; `values` are those of its labels, in their order."""
        return f"{self.name}{braced(zip(self.labels, values, strict=True))} {float(number)}{example}\n"

    def gauges(self, form: Form, samples: Iterable[tuple[tuple[str, ...], float]]) -> str:
        """The whole family of these values of labels and numbers; also of a counter."""
        return self.write(form, (self.line(values, number) for values, number in samples))

    def counters(self, form: Form, samples: Iterable[tuple[tuple[str, ...], float, str]]) -> str:
        """The whole family of a counter; in OpenMetrics each with the commit of the last time ("": not known)."""
        lines = (
            self.line(values, number, _example(1.0, revision) if form is Form.OPEN else "")
            for values, number, revision in samples
        )
        return self.write(form, lines)

    def histograms(self, form: Form, samples: Iterable[tuple[tuple[str, ...], Histogram]]) -> str:
        """The whole family of a histogram; in OpenMetrics each bucket with the commit of the last time."""
        lines = (line for values, one in samples for line in self._histogram(form, values, one))
        return self.write(form, lines)

    def _histogram(self, form: Form, values: tuple[str, ...], one: Histogram) -> Iterator[str]:
        pairs = list(zip(self.labels, values, strict=True))
        bounds = (*map(str, one.bounds), "+Inf")
        counts = list(accumulate(one.counts)) or [0] * len(bounds)
        examples = one.examples or (None,) * len(bounds)
        for bound, count, known in zip(bounds, counts, examples, strict=True):
            example = _example(*known) if known and form is Form.OPEN else ""
            yield f"{self.name}_bucket{braced([*pairs, ('le', bound)])} {float(count)}{example}\n"
        yield f"{self.name}_count{braced(pairs)} {float(counts[-1])}\n"
        yield f"{self.name}_sum{braced(pairs)} {one.total}\n"


def braced(pairs: Iterable[tuple[str, str]]) -> str:
    """Labels with their values, as they stand behind a name, sorted; "" without any."""
    text = ",".join(f'{name}="{label(value)}"' for name, value in sorted(pairs))
    return f"{{{text}}}" if text else ""


@lru_cache(maxsize=32_768)
def label(value: str) -> str:
    """A label's value between its quotes; the end of a very long one is cut off."""
    return value[:LONGEST].replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def _example(number: float, revision: str) -> str:
    return f' # {{revision="{label(revision)}"}} {number}' if revision else ""
