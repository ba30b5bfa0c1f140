"""When all faults have stopped and time passes, everything wanted runs as declared, nothing else does, all is quiet."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from reconciler.kube.kinds import CLAIM, POD, STATEFUL_SET, WORKLOADS, Object
from reconciler.turn import Report
from tests.sim.kubernetes.fields import Value
from tests.sim.kubernetes.hands import NAMESPACE
from tests.sim.kubernetes.pods import Character
from tests.sim.kubernetes.repository import GADGET
from tests.sim.kubernetes.scenario import Scenario
from tests.sim.kubernetes.shapes import elements, is_granular
from tests.sim.rules import BrokenRuleError

# With the longest pauses of patience and of a fight (five minutes each), this many turns are ample.
_TURNS = 120
_RUNNING = frozenset(kind.name for kind in WORKLOADS)


def calm(scenario: Scenario, chance: Random) -> int:
    """Mend everything and let the daemon go on until all is well; the number of turns. Raises BrokenRuleError."""
    draw, scenario.draw = scenario.draw, Character
    mend(scenario)
    quiet = 0
    for turns in range(1, _TURNS + 1):
        report = scenario.turn()
        quiet = quiet + 1 if report is not None and is_settled(scenario, report) else 0
        if quiet == 2:  # the second turn has nothing to do either
            _check_silence(scenario)
            scenario.draw = draw
            return turns
        scenario.wait(1 if quiet else chance.randint(2, 40))
        scenario.rules.check_strangers()
    raise BrokenRuleError("lost service", f"not settled after {_TURNS} turns without a fault: {complaint(scenario)}")


def _check_silence(scenario: Scenario) -> None:
    api = scenario.daemon.api
    if api.requests or api.writes:
        raise BrokenRuleError("quiet", f"{api.requests} requests and {len(api.writes)} writes of a turn without news")


def mend(scenario: Scenario) -> None:
    """The cluster, what was done by hand, and the repository; pods that start from now on are good ones."""
    scenario.source.broken = False
    _mend_cluster(scenario)
    _mend_repository(scenario)
    # Those who made objects with the names of what is wanted take them away.
    wanted = [(item["kind"], item["metadata"]["name"]) for item in _declared(scenario)]
    scenario.hands.restore(wanted)
    scenario.hands.clear(wanted + [(CLAIM.name, key[2]) for key in scenario.server.store.objects])


def _mend_cluster(scenario: Scenario) -> None:
    scenario.weather.down = False
    scenario.weather.forbidden.clear()
    admission = scenario.server.admission
    admission.denied.clear()
    admission.quota.clear()
    admission.terminating.clear()
    scenario.rivals.stop()
    scenario.hands.release()
    scenario.controllers.up = True
    scenario.serve(GADGET.name, served=True)
    scenario.controllers.reform()


def _mend_repository(scenario: Scenario) -> None:
    """Bad files are made good, content that never becomes healthy is replaced, and all removals get leave."""
    truth = scenario.truth
    for name in [*truth.bad]:
        scenario.want(name, truth.wanted[name])
    for name in [name for name, spec in truth.wanted.items() if spec.broken]:
        scenario.change(name)
    for name, spec in list(truth.wanted.items()):
        if spec.drift or spec.ignored:
            scenario.want(name, replace(spec, drift="", ignored=()))
    scenario.resize("1Gi")
    scenario.give_leave()
    scenario.turn()  # from now on it is known what is declared
    scenario.hands.detach([name for name in truth.wanted if _is_stuck(scenario, name)])


def _is_stuck(scenario: Scenario, name: str) -> bool:
    """Whether a StatefulSet has claims that differ from what is declared."""
    live = scenario.server.store.get((STATEFUL_SET.name, NAMESPACE, name))
    if live is None:
        return False
    templates = [
        item["spec"].get("volumeClaimTemplates") for item in (*_declared(scenario), live.item) if _is(item, name)
    ]
    return bool(templates[0] != templates[-1])


def _is(item: Object, name: str) -> bool:
    return bool(item["kind"] == STATEFUL_SET.name and item["metadata"]["name"] == name)


def _declared(scenario: Scenario) -> list[Object]:
    manifests = [scenario.daemon.manifest(name) for name in scenario.truth.wanted]
    return [item for manifest in manifests if manifest for item in manifest.objects]


def is_settled(scenario: Scenario, report: Report) -> bool:
    """Whether all that is wanted is there and nothing is to be done."""
    return not report.plan.changes and report.seen.complete and not report.seen.gaps and not complaint(scenario)


def complaint(scenario: Scenario) -> str:
    """What is not as it is wanted; "" when all is."""
    wanted = {name for name, spec in scenario.truth.wanted.items() if not spec.suspend}
    declared = {(item["kind"], item["metadata"]["name"]): item for item in _declared(scenario)}
    for name in sorted(wanted):
        manifest = scenario.daemon.manifest(name)
        if manifest is None:
            return f"{name} is not declared"
        found = (_wrong(scenario, item) for item in manifest.objects)
        if words := next(filter(None, found), ""):
            return f"{name}: {words}"
    for key, version in scenario.truth.ours():
        service = scenario.truth.service_of(version.item)
        orphan = service not in wanted or (key[0], key[2]) not in declared
        if orphan and key[0] != CLAIM.name:
            return f"nobody wants {key[0]} {key[2]} of {service}"
    return _left(scenario)


def _wrong(scenario: Scenario, item: Object) -> str:
    """What is wrong with a declared object."""
    what = f"{item['kind']} {item['metadata']['name']}"
    version = scenario.server.store.get((item["kind"], item["metadata"]["namespace"], item["metadata"]["name"]))
    if version is None or "deletionTimestamp" in version.item["metadata"]:
        return f"{what} is not there"
    if differs := _differs("", item, version.item):
        return f"{what} differs: {differs}"
    if item["kind"] in _RUNNING:
        status = version.item.get("status", {})
        ready = status.get("readyReplicas" if item["kind"] == STATEFUL_SET.name else "availableReplicas", 0)
        if (ready, status.get("updatedReplicas")) != (item["spec"]["replicas"],) * 2:
            return f"{what} is not healthy: {status}"
    return ""


def _differs(name: str, declared: Value, live: Value) -> str:
    """The first declared field that is not as declared; written without the product's own comparison."""
    if is_granular(name, declared) and type(declared) is type(live):
        if isinstance(declared, list):
            mine, theirs = elements(name, declared), elements(name, live)
            return next((f"{name}[{key}]" for key in mine if _differs("", mine[key], theirs.get(key))), "")
        return next((key for key, value in declared.items() if _differs(key, value, live.get(key))), "")
    return "" if declared == live or (live is None and declared in ({}, [], "")) else name or "element"


def _left(scenario: Scenario) -> str:
    """Pods of services that nobody wants, which nothing will end."""
    truth = scenario.truth
    for key, version in scenario.server.store.objects.items():
        service = truth.service_of(version.item) if key[0] == POD.name else ""
        if service and service not in truth.wanted and not version.item["metadata"].get("ownerReferences"):
            return f"nobody wants pod {key[2]} of {service}"
    return ""
