"""The table of metrics in docs/service-discovery.md says what the recipes say."""

from __future__ import annotations

from tests.desired.world import BUILTIN
from tests.recipes.metrics import table
from tests.slurm.services import shipped


def test_the_table_has_each_recipe_with_its_port_and_path() -> None:
    found = {name: (row.port, row.path) for name, row in table().items()}
    names = [path.rpartition("/")[2].removesuffix(".yaml") for path in BUILTIN]
    said = {name: shipped(name).spec.metrics for name in names}
    assert found == {name: (one.port, one.path) if one else ("none", "") for name, one in said.items()}


def test_it_names_metrics_wherever_there_are_some() -> None:
    assert [name for name, row in table().items() if bool(row.names) != (row.port != "none")] == []
