"""The services of a measure: one file each, of a recipe that ships with Reconciler, all different."""

from __future__ import annotations

_TEXT = """\
# Vectors of team {team}.
apiVersion: reconciler/v1
kind: Service
metadata:
  name: {name}
  labels:
    team: team-{team}
spec:
  recipe: faiss
  target: {target}
  replicas: {replicas}
  config:
    dimension: {dimension}
    metric: cosine
  resources:
    cpus: 1
    memory: 256Mi
  env:
    LOG_LEVEL: info
"""


def service(number: int, target: str, replicas: int) -> str:
    """The text of one service."""
    return _TEXT.format(
        name=name_of(number), target=target, replicas=replicas, dimension=64 + number % 512, team=number % 20
    )


def name_of(number: int) -> str:
    return f"vectors-{number:05}"


def files(count: int, target: str, replicas: int) -> dict[str, str | bytes | None]:
    """Path to text of `count` services."""
    return {f"desired/{name_of(number)}.yaml": service(number, target, replicas) for number in range(count)}
