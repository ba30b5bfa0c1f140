"""The images of the lab, under their public names, so that recipes run unchanged."""

from __future__ import annotations

from collections.abc import Callable

from lab.images import faiss, postgres, postgres_exporter, servers, vllm
from lab.images.image import Image, Text, shell

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
    faiss.REFERENCE: faiss.faiss_server,
    postgres.REFERENCE: postgres.postgres,
    postgres_exporter.REFERENCE: postgres_exporter.postgres_exporter,
}

#: What a node gets when somebody asks for it, by recipe: they are large, and MinIO takes minutes to build.
SERVERS: dict[str, Callable[[], Image]] = {
    "chroma": servers.chroma,
    "minio": servers.minio,
    "seaweedfs": servers.seaweedfs,
    "triton": servers.triton,
}

#: Likewise, where what it needs takes minutes and gigabytes to fetch.
HEAVY: dict[str, Callable[[], Image]] = {"vllm": vllm.vllm}
