"""Service discovery for Prometheus: where each healthy instance is, and what it is. Pure."""

from reconciler.discovery.groups import Group, probe_groups, scrape_groups
from reconciler.discovery.picture import lacking
from reconciler.discovery.text import text_of

__all__ = ["Group", "lacking", "probe_groups", "scrape_groups", "text_of"]
