"""Makes the Grafana dashboards of this folder: `python -m dashboards.make` writes them, `--check` compares.

What a dashboard shows is said in `overview`, `service`, `target` and `daemon`, in the few words of `charts`; `grafana`
turns it into Grafana's own types. Pictures and tests read the same words, so that they ask what Grafana asks.
"""
