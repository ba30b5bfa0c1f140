"""Service discovery for Prometheus: where each healthy instance is, and what it is. Pure."""
