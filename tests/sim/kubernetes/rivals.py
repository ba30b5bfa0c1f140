"""Other controllers that write to our objects for as long as they are there: an autoscaler, a fighter, a webhook."""

from __future__ import annotations

from reconciler.kube.kinds import CONFIG_MAP, DEPLOYMENT, SERVICE, Object
from tests.sim.kubernetes.server import SimServer
from tests.sim.kubernetes.status import StatusError
from tests.sim.kubernetes.truth import Truth

_FOUGHT = "set by a rival"


class Rivals:
    """`scaler`: replicas that an autoscaler sets on Deployments; `fighter`: somebody sets a field of ConfigMaps."""

    def __init__(self, server: SimServer, truth: Truth) -> None:
        self.scaler = 0
        self.fighter = False
        self._server = server
        self._truth = truth

    def act(self) -> None:
        """Each looks at its objects and sets what it wants."""
        for key, version in list(self._truth.ours()):
            item = version.item
            if self.scaler and key[0] == DEPLOYMENT.name and item["spec"].get("replicas") != self.scaler:
                self._write({**item, "spec": {**item["spec"], "replicas": self.scaler}}, "autoscaler")
            if self.fighter and key[0] == CONFIG_MAP.name and item.get("data", {}).get("version") != _FOUGHT:
                self._write({**item, "data": {**item.get("data", {}), "version": _FOUGHT}}, "fighter")

    def set_webhook(self, *, there: bool) -> None:
        """A webhook that changes what is declared, and adds what is not."""
        mutators = self._server.admission.mutators
        if there and _mutate not in mutators:
            mutators.append(_mutate)
        elif not there and _mutate in mutators:
            mutators.remove(_mutate)

    def stop(self) -> None:
        """All of them are gone; what they set is still there, and somebody looks at what a webhook has set."""
        self.scaler, self.fighter = 0, False
        self.set_webhook(there=False)
        for key, version in list(self._truth.ours()):
            ports = version.item.get("spec", {}).get("ports") if key[0] == SERVICE.name else None
            if ports and ports[0].get("targetPort") == _PORT:
                item = version.copy()
                item["spec"]["ports"][0]["targetPort"] = _PORT + 1
                self._write(item, "kubectl-edit")

    def _write(self, item: Object, who: str) -> None:
        try:
            self._server.replace(item, who)
        except StatusError:
            return  # it tries again


_PORT = 7000


def _mutate(item: Object) -> Object:
    if item["kind"] != SERVICE.name or not item["spec"].get("ports"):
        return item
    first, *rest = item["spec"]["ports"]
    labels = {**item["metadata"].get("labels", {}), "injected": "yes"}
    spec = {**item["spec"], "ports": [{**first, "targetPort": _PORT}, *rest]}
    return {**item, "metadata": {**item["metadata"], "labels": labels}, "spec": spec}
