"""What docs/client.md shows, carried out word by word against a daemon on the real Slurm."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from lab.factory import Factory
from tests.e2e.world import alive

pytestmark = pytest.mark.slurm

PAGE = Path(__file__).parents[2] / "docs/client.md"
TOKEN = "rct_" + "e5" * 20


def test_the_example_in_python(factory: Factory) -> None:
    hashed = sha256(TOKEN.encode()).hexdigest()
    factory.configure(http={"listen": "127.0.0.1:0", "tokens": [{"name": "page", "role": "propose", "sha256": hashed}]})
    factory.commit({"README.md": "nothing yet\n"}, "empty")
    factory.start()
    factory.wait("the daemon", lambda shape: bool(shape.source.revision), 60)
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 6
    url = (factory.state / "http").read_text().strip()
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", "\n".join(blocks)],
        env={**os.environ, "RECONCILER_SERVER": url, "RECONCILER_TOKEN": TOKEN},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    said = done.stdout.splitlines()
    assert re.fullmatch(r"Start notes: faiss: [0-9a-f]{12} on main, desired/notes\.yaml", said[0])
    assert any(line.startswith("notes slurm Running Healthy") for line in said)
    assert any(re.match(r"422 desired/wrong\.yaml:\d+:\d+: spec\.config\.dimensions: ", line) for line in said)
    assert alive(factory.lab.slurm, factory.owner) == {}
