"""The rules that must never break on Kubernetes, checked at each write of a daemon and after each of its turns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from reconciler.kube.kinds import CLAIM, STATEFUL_SET, WORKLOADS, Object
from reconciler.models.units import quantity_bytes
from reconciler.models.wanted import ResolvedService
from reconciler.turn import Report
from tests.sim.kubernetes.admission import is_fixed
from tests.sim.kubernetes.daemon import SimDaemon
from tests.sim.kubernetes.hands import NAMESPACE
from tests.sim.kubernetes.truth import Truth, content
from tests.sim.kubernetes.weather import Write
from tests.sim.rules import BrokenRuleError

_RUNNING = frozenset(kind.name for kind in WORKLOADS)


@dataclass
class Rules:
    """Implements Witness. `leader` gives the daemon that holds the lease.

    `daemon` is the one whose turn it is; `touched` are its writes, each with its service.
    """

    truth: Truth
    leader: Callable[[], SimDaemon]
    daemon: SimDaemon | None = None
    touched: list[tuple[Write, str]] = field(default_factory=list)

    def begin(self, daemon: SimDaemon) -> None:
        """A turn of this daemon begins."""
        self.daemon, self.touched = daemon, []

    def made(self, item: Object) -> None:
        """See Witness."""
        self._take_back(item["metadata"]["uid"])
        self.truth.made(item)

    def deleted(self, uid: str) -> None:
        """See Witness."""
        self._take_back(uid)

    def _take_back(self, uid: str) -> None:
        """What was carried out on an object of which the daemon had not seen that the mark was taken off, or was late.

        A write that came to nothing leaves it to who took the mark.
        """
        if uid in self.truth.stripped:
            self.truth.take_back(uid)

    def before(self, write: Write) -> None:
        """See Witness."""
        if self.daemon is not self.leader():
            raise BrokenRuleError("7", f"{write.verb} {write.kind} {write.name} without the lease")
        version = self.truth.server.store.get((write.kind, write.namespace, write.name))
        live = version.item if version else None
        meant = (write.item or {}).get("metadata", {})
        uid, number = write.uid or meant.get("uid", ""), meant.get("resourceVersion", "")
        there = live["metadata"] if live else {}
        if live is None or (uid and uid != there["uid"]) or (number and number != there["resourceVersion"]):
            self._remember(write, write.item)  # the server refuses it, or there is nothing to be hurt
            return
        service = self.truth.service_of(live)
        if uid and self.leader().knows(uid):
            service = service or self.truth.stripped.get(uid, "")
        if not service:
            raise BrokenRuleError("2", f"{write.verb} {write.kind} {write.name}, which is not ours")
        self.touched.append((write, service))
        if write.verb == "delete":
            self._check_delete(live, service)

    def _remember(self, write: Write, item: Object | None) -> None:
        labels = (item or {}).get("metadata", {}).get("labels", {})
        service = self.truth.service_of(item) if item and "uid" in item["metadata"] else ""
        self.touched.append((write, service or labels.get("reconciler/service", "")))

    def _check_delete(self, live: Object, name: str) -> None:
        """Only what is not wanted, or cannot be changed, is deleted; claims only with their service."""
        what = f"{live['kind']} {live['metadata']['name']}"
        desired = self.daemon.desired if self.daemon else None
        if desired is None or self.daemon is None:
            raise BrokenRuleError("1", f"{what} is deleted, and nothing of Git is known")
        service = desired.services.get(name)
        if live["kind"] == CLAIM.name and (service is not None or self.daemon.keep_data):
            raise BrokenRuleError("data", f"claim {what} is deleted")
        if service is not None:
            self._check_wanted(live, service)
        elif name in self.truth.unreleased or name in desired.held:
            raise BrokenRuleError("4", f"{what} is deleted: {name} is removed without leave")

    def _check_wanted(self, live: Object, service: ResolvedService) -> None:
        manifest = self.daemon.manifest(service.name) if self.daemon else None
        if service.service.spec.suspend or manifest is None:
            return
        same = (live["kind"], live["metadata"]["name"])
        declared = [one for one in manifest.objects if (one["kind"], one["metadata"]["name"]) == same]
        if live["kind"] == STATEFUL_SET.name and declared and not self._has_grown(live, declared[0]):
            raise BrokenRuleError("data", f"{same} of {service.name} is deleted to change its claims")
        if declared and not is_fixed(live, declared[0]):
            raise BrokenRuleError("wrong deletion", f"{same} of {service.name} is wanted and could be changed in place")

    def _has_grown(self, live: Object, item: Object) -> bool:
        """Whether the claims of a StatefulSet are what its new templates say, but for what has grown already."""
        old, new = live["spec"].get("volumeClaimTemplates"), item["spec"].get("volumeClaimTemplates")
        if old == new:
            return True
        if [_without_size(one) for one in old or ()] != [_without_size(one) for one in new or ()]:
            return False
        sizes = {one["metadata"]["name"]: _size(one) for one in new or ()}
        claims = [version.item for version in self.truth.server.store.of(CLAIM.name, NAMESPACE)]
        suffix = f"-{item['metadata']['name']}-"
        mine = [(one, one["metadata"]["name"].partition(suffix)) for one in claims]
        return all(
            _size(one) >= sizes[volume]
            for one, (volume, middle, ordinal) in mine
            if middle and volume in sizes and ordinal.isdigit()
        )

    def check_turn(self, report: Report | None) -> None:
        """After a turn that came to its end."""
        if report is None or self.daemon is None:
            return
        api = self.daemon.api
        gaps = {gap.part for gap in report.seen.gaps}
        blind = {f"{NAMESPACE}/{kind}" for kind in api.blind}
        if report.seen.complete and not blind <= gaps:
            raise BrokenRuleError("1", f"{blind - gaps} could not be seen, and the look is taken for whole")
        if not report.seen.complete and api.writes:
            raise BrokenRuleError("1", f"{len(api.writes)} writes after an incomplete look")
        for write, service in self.touched:
            self._check_gap(write, service, gaps)
        for outcome in report.outcomes:
            if outcome.error.startswith("internal error"):
                raise BrokenRuleError("fault of ours", outcome.error)
        if report.seen.complete and not report.failed and not gaps:
            self.check_duplicates()

    def _check_gap(self, write: Write, service: str, gaps: set[str]) -> None:
        """Nothing is done about a service that touches a gap, and nothing is removed while there is one."""
        if not gaps or not service or self.daemon is None or self.daemon.desired is None:
            return
        manifest = self.daemon.manifest(service)
        parts = {f"{NAMESPACE}/{item['kind']}" for item in manifest.objects} if manifest else set()
        if parts & gaps or (service not in self.daemon.desired.services and write.verb == "delete"):
            raise BrokenRuleError(
                "1", f"{write.verb} {write.kind} {write.name} of {service} in spite of {sorted(gaps)}"
            )

    def check_duplicates(self) -> None:
        """No service has two objects that run its pods, but copies that others made."""
        uids = [one.item["metadata"]["uid"] for key, one in self.truth.ours() if key[0] in _RUNNING]
        found = Counter(self.truth.mine[uid] for uid in uids if uid not in self.truth.copies)
        for service, count in found.items():
            if count > 1:
                raise BrokenRuleError("duplicate", f"{count} workloads of {service}")

    def check_strangers(self) -> None:
        """After each step: what other people made is as they left it."""
        for uid, (key, left) in self.truth.strangers.items():
            version = self.truth.server.store.get(key)
            if version is None or version.item["metadata"]["uid"] != uid:
                raise BrokenRuleError("2", f"{key} of somebody else is gone")
            if content(version.item) != left:
                raise BrokenRuleError("2", f"{key} of somebody else was changed: {content(version.item)}, not {left}")


def _size(claim: Object) -> int:
    return quantity_bytes(claim["spec"]["resources"]["requests"]["storage"])


def _without_size(template: Object) -> Object:
    spec = {key: value for key, value in template["spec"].items() if key != "resources"}
    return {"name": template["metadata"]["name"], **spec}
