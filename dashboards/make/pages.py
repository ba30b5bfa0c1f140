"""All dashboards."""

from __future__ import annotations

from dashboards.make import daemon, overview, service, target

PAGES = (overview.PAGE, service.PAGE, target.PAGE, daemon.PAGE)
