"""wrk(1): reads of one page at a rate, on loopback, and what it measured."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from lab import host

_SCRIPT = """\
wrk.headers["Authorization"] = os.getenv("API_TOKEN")
function delay() return {delay} end
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('\\n{{"seconds": %f, "requests": %d, "p50": %f, "p99": %f, "max": %f, "wrong": %d}}\\n',
    summary.duration / 1e6, summary.requests, latency:percentile(50) / 1e6, latency:percentile(99) / 1e6,
    latency.max / 1e6, e.connect + e.read + e.write + e.status + e.timeout))
end
"""


@dataclass(frozen=True)
class Reads:
    """What was measured: times in seconds. `wrong`: answers that were none, or none of 2xx or 3xx."""

    seconds: float
    requests: int
    p50: float
    p99: float
    max: float
    wrong: int

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds


def read(url: str, token: str, seconds: int, folder: Path, connections: int, rate: float = 0) -> Reads:
    """Read a page for some seconds over that many connections; not more than `rate` a second unless it is 0.

    wrk has no rate: each connection waits after an answer, so that a slow server gets somewhat fewer requests.
    """
    script = folder / "wrk.lua"
    script.write_text(_SCRIPT.format(delay=int(1000 * connections / rate) if rate else 0))
    argv = [host.program("wrk"), "--threads=1", f"--connections={connections}", f"--duration={seconds}s"]
    done = subprocess.run(
        [*argv, "--timeout=10s", f"--script={script}", url],
        env={"API_TOKEN": f"Bearer {token}"},
        capture_output=True,
        text=True,
        check=True,
        timeout=seconds + 60,
    )
    return Reads(**json.loads(done.stdout.splitlines()[-1]))
