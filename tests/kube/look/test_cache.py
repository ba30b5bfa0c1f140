"""What is kept of what was seen: how much, and what a look over it costs."""

from __future__ import annotations

import json
import time
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from reconciler.kube.declared import Declared
from reconciler.kube.kinds import CONFIG_MAP, Object, kind_of
from reconciler.kube.look.arrival import arrive
from reconciler.kube.look.cache import Cache
from reconciler.kube.look.causes import silence
from reconciler.kube.look.scene import Scene
from reconciler.kube.look.seen import Seen
from reconciler.kube.look.versions import older
from reconciler.kube.render import manifests
from reconciler.kube.render.manifests import Manifest
from reconciler.models.workload import Mark
from tests.kube.services import resolved, target

_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_TARGET = target()


def _rendered(name: str, **spec: int) -> Manifest:
    return manifests.render(resolved(name, **spec), _TARGET, "factory")


def _live(manifest: Manifest, version: int = 100) -> list[Object]:
    """The objects as the API server would send them."""
    name = manifest.objects[0]["metadata"]["labels"]["reconciler/service"]
    stamped = manifests.stamp(manifest, Mark("factory", name, 0, manifest.digest, revision="0123456789ab"))
    items: list[Object] = json.loads(json.dumps(stamped))
    for number, item in enumerate(items):
        served = {"uid": f"{name}-{number}", "resourceVersion": str(version + number), "generation": 1}
        item["metadata"] |= served | {"creationTimestamp": "2026-01-01T00:00:00Z"}
    return items


def _arrived(items: list[Object], declared: Declared) -> Iterator[Seen]:
    for item in items:
        seen = arrive(kind_of(item), item, "factory", declared)
        assert seen is not None
        yield seen


def _filled(*names: str) -> tuple[Cache, dict[str, Manifest]]:
    cache, made = Cache(Declared()), {name: _rendered(name) for name in names}
    for manifest in made.values():
        for seen in _arrived(_live(manifest), cache.declared):
            cache.put(seen)
    return cache, made


def test_what_arrives_before_it_is_declared_is_compared_as_soon_as_it_is() -> None:
    cache, made = _filled("web")
    assert all(seen.raw for seen in cache.of("ai", "web"))
    assert not cache.compare()
    other = _rendered("web", replicas=3)
    cache.declared.put("web", other)
    assert not cache.compare()
    assert all(seen.raw for seen in cache.of("ai", "web"))
    cache.declared.put("web", made["web"])  # the commit was taken back
    cache.compare()
    assert [(seen.raw, seen.drift) for seen in cache.of("ai", "web")] == [(b"", ())] * len(made["web"].objects)


def test_drift_that_is_found_late_is_news() -> None:
    cache, made = _filled("web")
    changed = next(item for item in _live(made["web"], 200) if item["kind"] == "Deployment")
    changed["spec"]["replicas"] = 7
    (seen,) = _arrived([changed], cache.declared)
    cache.put(seen)
    cache.declared.put("web", made["web"])
    cache.changes()
    assert cache.compare()
    assert cache.changes() == {("ai", "web")}
    assert [drift.field for one in cache.of("ai", "web") for drift in one.drift] == ["/spec/replicas"]


def test_a_new_version_alone_is_no_news_and_is_kept() -> None:
    cache, made = _filled("web")
    cache.changes()
    seen = next(_arrived(_live(made["web"], 900), cache.declared))
    assert not cache.put(seen)
    assert cache.changes() == set()
    known = cache.get(kind_of(made["web"].objects[0]), "ai", seen.name)
    assert known is not None
    assert known.version == seen.version


def test_everything_that_a_list_lacks_is_gone() -> None:
    cache, _ = _filled("web", "db")
    kept = cache.get(CONFIG_MAP, "ai", "db")
    assert kept is not None
    assert cache.replace(CONFIG_MAP, "ai", [kept], ["copy"])
    assert cache.get(CONFIG_MAP, "ai", "web") is None
    assert cache.is_stranger(CONFIG_MAP, "ai", "copy")
    assert not cache.replace(CONFIG_MAP, "ai", [kept])
    assert not cache.is_stranger(CONFIG_MAP, "ai", "copy")
    assert {seen.kind for seen in cache.of("ai", "web")} == {"Deployment", "Service"}


def test_an_object_that_comes_to_another_service_leaves_its_own() -> None:
    cache, _ = _filled("web")
    seen = cache.of("ai", "web")[0]
    mark = replace(seen.stamp.mark, service="db")
    cache.put(replace(seen, stamp=replace(seen.stamp, mark=mark)))
    assert (seen.kind, seen.name) not in {(one.kind, one.name) for one in cache.of("ai", "web")}
    assert [one.kind for one in cache.of("ai", "db")] == [seen.kind]


def test_a_look_makes_only_what_changed_anew() -> None:
    cache, made = _filled("a", "b")
    scene = Scene("cloud", cache, silence)
    first = scene.workloads(_NOW)
    assert scene.workloads(_NOW) is first
    cache.drop(CONFIG_MAP, "ai", "b")
    second = scene.workloads(_NOW)
    assert second[0] is first[0]
    assert (second[0].mark.digest, second[1].mark.digest) == (made["a"].digest, "")
    for seen in cache.of("ai", "b"):
        cache.drop(kind_of(next(item for item in made["b"].objects if item["kind"] == seen.kind)), "ai", seen.name)
    assert scene.workloads(_NOW) == first[:1]


def test_many_services_cost_little_memory_and_a_quiet_look_no_time() -> None:
    services, cache = 150, Cache(Declared())
    text = json.dumps(_live(_rendered("s0000")))
    manifest = _rendered("s0000")
    tracemalloc.start()
    for number in range(services):
        name = f"s{number:04d}"
        objects = tuple(json.loads(json.dumps(manifest.objects).replace("s0000", name)))
        cache.declared.put(name, replace(manifest, objects=objects))
        for seen in _arrived(json.loads(text.replace("s0000", name)), cache.declared):
            cache.put(seen)
    each = tracemalloc.get_traced_memory()[0] / services
    tracemalloc.stop()
    assert each < 3 * 900 + 1600  # three objects, and what is declared of them
    assert not any(seen.drift or seen.raw for number in (0, 77) for seen in cache.of("ai", f"s{number:04d}"))
    scene = Scene("cloud", cache, silence)
    assert len(scene.workloads(_NOW)) == services
    begun = time.process_time()
    scene.workloads(_NOW)
    cache.compare()
    assert time.process_time() - begun < 0.01


@pytest.mark.parametrize(
    ("version", "than", "expected"),
    [
        ("9", "10", True),
        ("10", "9", False),
        ("10", "10", False),
        ("", "10", False),
        ("9", "", False),
        ("x9", "10", False),
    ],
)
def test_versions_are_compared_as_numbers_where_they_are(version: str, than: str, expected: bool) -> None:
    assert older(version, than) is expected
