"""The images of the lab, under their public names, so that recipes run unchanged."""

from __future__ import annotations

from collections.abc import Callable

from lab import images_faiss, images_postgres, images_postgres_exporter, images_servers, images_vllm
from lab.images import Image, Text, shell

PAUSE = "registry.k8s.io/pause:3.10"
BUSYBOX = "docker.io/library/busybox:1.36"

# It does nothing until it is told to end; a shell does not act on signals while it waits in the foreground.
_PAUSE = "#!/bin/sh\ntrap 'exit 0' TERM INT\nwhile :; do sleep 86400 & wait; done\n"
_APPLETS = ("cat", "chmod", "date", "env", "httpd", "id", "ls", "mkdir", "mktemp", "nc", "rm", "sleep", "test")


def pause() -> Image:
    """What holds a pod's namespaces."""
    return Image(PAUSE, {**shell("sleep"), "/pause": Text(_PAUSE, 0o755)}, entrypoint=("/pause",), user="65535:65535")


def busybox() -> Image:
    """A small shell with a web server, for tests of pods."""
    return Image(BUSYBOX, shell(*_APPLETS), command=("sh",))


#: What a node has from the start, by reference; a maker raises LabError where this machine lacks what goes in.
IMAGES: dict[str, Callable[[], Image]] = {
    PAUSE: pause,  # first: no pod starts without it
    BUSYBOX: busybox,
    images_faiss.REFERENCE: images_faiss.faiss_server,
    images_postgres.REFERENCE: images_postgres.postgres,
    images_postgres_exporter.REFERENCE: images_postgres_exporter.postgres_exporter,
}

#: What a node gets when somebody asks for it, by recipe: they are large, and MinIO takes minutes to build.
SERVERS: dict[str, Callable[[], Image]] = {
    "chroma": images_servers.chroma,
    "minio": images_servers.minio,
    "seaweedfs": images_servers.seaweedfs,
    "triton": images_servers.triton,
}

#: Likewise, where what it needs takes minutes and gigabytes to fetch.
HEAVY: dict[str, Callable[[], Image]] = {"vllm": images_vllm.vllm}
