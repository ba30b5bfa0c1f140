"""The operator's settings: what the repository must not choose. Pydantic, unknown keys are errors."""

from reconciler.settings.http import HttpSettings, OidcSettings, ProposalSettings, RequestLimits, TokenSettings
from reconciler.settings.root import (
    Folders,
    KubernetesTarget,
    LocalTransport,
    Settings,
    SlurmTarget,
    SourceSettings,
    Target,
    VerifySettings,
)

__all__ = [
    "Folders",
    "HttpSettings",
    "KubernetesTarget",
    "LocalTransport",
    "OidcSettings",
    "ProposalSettings",
    "RequestLimits",
    "Settings",
    "SlurmTarget",
    "SourceSettings",
    "Target",
    "TokenSettings",
    "VerifySettings",
]
