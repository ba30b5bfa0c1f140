"""The story of a service that mounts a claim which is not there yet."""

from __future__ import annotations

from tests.recipes.kubernetes.stand import INSIDE, KubernetesStand


def absent_claim(stand: KubernetesStand) -> None:
    """Its pod waits, and the table says for what; once somebody has made the claim, it starts by itself."""
    name, claim = stand.name("claimless"), stand.name("to-come")
    stand.want(name, "faiss", kubernetes={"mounts": [{"claim": claim, "path": INSIDE}]})
    stand.wait("the claim is named", lambda: f'"{claim}" not found' in getattr(stand.line(name), "why", ""))
    stand.files("to-come")
    stand.wait("healthy with its claim", lambda: bool(stand.endpoint(name, "http")))
