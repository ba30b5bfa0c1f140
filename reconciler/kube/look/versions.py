"""PURE. Resource versions: which of two is older.

Kubernetes says since 1.35 that they may be compared as decimal numbers (KEP-5504); before, those of its own kinds and
of custom resources were such numbers already. Others are not compared.
"""

from __future__ import annotations


def older(version: str, than: str) -> bool:
    """Whether a version is surely older than another one."""
    return _decimal(version) and _decimal(than) and (len(version), version) < (len(than), than)


def _decimal(text: str) -> bool:
    return text.isascii() and text.isdigit() and not text.startswith("0")
