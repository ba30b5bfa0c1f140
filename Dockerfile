# The daemon, for clusters that run containers. Slurm's commands are not inside: a Slurm target needs an image built
# from this one with the site's own Slurm packages, its slurm.conf and its munge socket.
FROM docker.io/library/python:3.13-slim-bookworm AS build
WORKDIR /src
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY reconciler reconciler
COPY recipes recipes
COPY rules rules
COPY dashboards dashboards
RUN python -m venv /opt/reconciler \
 && /opt/reconciler/bin/pip install --no-cache-dir -c constraints.txt .

FROM docker.io/library/python:3.13-slim-bookworm
RUN apt-get update \
 && apt-get install -y --no-install-recommends git openssh-client \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --create-home --home-dir /var/lib/reconciler reconciler
COPY --from=build /opt/reconciler /opt/reconciler
USER 10001
EXPOSE 9464
HEALTHCHECK CMD ["/opt/reconciler/bin/python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:9464/healthz', timeout=3)"]
ENTRYPOINT ["/opt/reconciler/bin/reconciler"]
CMD ["run", "--config", "/etc/reconciler/reconciler.yaml"]
