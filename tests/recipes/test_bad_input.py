"""What people get wrong in a service is told before it starts, or at its start, in the status and by `explain`."""

from __future__ import annotations

import pytest

from lab.factory import Factory, line_of
from tests.e2e.world import service

pytestmark = [pytest.mark.slurm]

WRONG = {
    "zz-unknown": ({"dimensoin": 4}, "spec.config.dimensoin: unknown parameter; did you mean `dimension`?"),
    "zz-typed": ({"dimension": "four"}, "found text `four`; expected a whole number"),
    "zz-many": ({"dimension": 65537}, "found the number 65537; expected at most 65536"),
    "zz-alone": ({"readOnly": True}, "an index without vectors that takes none has nothing to find"),
}
MISSING = "a file that it was told to read is not on its node (config.indexFile)"


def test_what_is_wrong_is_told_in_status_and_explain(factory: Factory) -> None:
    texts = {
        f"desired/{name}.yaml": service(name, recipe="faiss", config=config) for name, (config, _) in WRONG.items()
    }
    missing = service("zz-missing", recipe="faiss", config={"indexFile": "/nowhere/zz.index"})
    factory.commit({**texts, "desired/zz-missing.yaml": missing}, "all wrong")
    factory.start()

    def why(name: str) -> str:
        shape = factory.status()
        line = line_of(shape, name) if shape else None
        return line.why if line else ""

    shape = factory.wait("the job has ended", lambda _: MISSING in why("zz-missing"), 90)
    told = [str(one) for one in shape.source.complaints]
    for name, (_, words) in WRONG.items():
        assert any(f"desired/{name}.yaml" in one and words in one for one in told), (name, told)
        assert words in " ".join(factory.run("explain", name).stdout.split()), name
    assert MISSING in " ".join(factory.run("explain", "zz-missing").stdout.split())
