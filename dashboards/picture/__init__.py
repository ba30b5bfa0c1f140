"""Draws a dashboard as SVG from what its queries gave: for documentation, where no Grafana can be had.

`draw` knows no Prometheus: it gets the answers. `shapes` draws one chart, `units` writes numbers as Grafana does.
"""
