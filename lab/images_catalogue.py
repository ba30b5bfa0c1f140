"""The images of the lab, under their public names, so that recipes run unchanged."""

from __future__ import annotations

from lab.images import Image, Text, shell
from lab.images_faiss import faiss_server
from lab.images_postgres import postgres

PAUSE = "registry.k8s.io/pause:3.10"

# The sandbox's first process does nothing until it is told to end; a shell does not forward signals while it waits
# for a program in the foreground.
_PAUSE = "trap 'exit 0' TERM INT\nwhile :; do sleep 86400 & wait; done\n"
_APPLETS = ("cat", "chmod", "date", "env", "httpd", "id", "ls", "mkdir", "mktemp", "nc", "rm", "sleep", "test", "wget")


def images() -> list[Image]:
    """All of them; pods need the first one before they can start."""
    return [pause(), busybox(), faiss_server(), postgres()]


def pause() -> Image:
    """What holds a pod's namespaces."""
    content = {**shell("sleep"), "/pause": Text(_PAUSE, 0o755)}
    return Image(PAUSE, content, entrypoint=("/bin/sh", "/pause"), user="65535:65535")


def busybox() -> Image:
    """A small shell with a web server, for tests of pods."""
    return Image("docker.io/library/busybox:1.36", shell(*_APPLETS), command=("sh",))
