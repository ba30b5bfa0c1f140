"""The stories of the S3 stores: a bucket, objects, one of them in parts; killed, found again, changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.recipes.report import Report
from tests.recipes.stories.stand import Stand

KEY, SECRET = "recipes", "a-secret-of-a-test"
WHOLE = {"names": ["large", "small"], "same": True}
_WEED = ("weed", "-logtostderr=true")  # no files with logs in /tmp
_OPERATIONS = ("create bucket", "put", "multipart upload", "list", "get")


@dataclass
class Store:
    """An S3 server and boto3."""

    stand: Stand
    name: str
    recipe: str
    region: str = "us-east-1"

    def ask(self, verb: str) -> dict[str, Any]:
        """What boto3 answers; nothing while it is not healthy. Raises ClientError."""
        address = self.stand.endpoint(self.name, "s3")
        if not address:
            return {}
        words = {"url": f"http://{address}", "key": KEY, "secret": SECRET, "region": self.region, "bucket": "things"}
        return self.stand.clients.ask("s3", verb, **words)

    def fill(self) -> None:
        self.stand.wait(f"{self.name} is healthy", lambda: bool(self.stand.endpoint(self.name, "s3")))
        assert self.ask("fill") == WHOLE
        self.stand.measure(self.name, self.recipe)

    def is_whole(self) -> bool:
        return self.ask("read") == WHOLE


def minio(stand: Stand) -> Report:
    store = Store(stand, stand.name("minio"), "minio")
    secrets = stand.secrets(store.name, MINIO_ROOT_USER=KEY, MINIO_ROOT_PASSWORD=SECRET)
    stand.want(store.name, "minio", secrets=secrets)
    store.fill()
    recovery = stand.recovery(store.name, "s3", store.is_whole)
    stand.want(store.name, "minio", secrets=secrets, config={"region": "eu-west-1"})
    store.region = "eu-west-1"
    stand.wait("the new region", lambda: store.ask("region") == {"region": "eu-west-1"})
    assert store.is_whole()
    return stand.report("minio", "2026-02-12 (source)", _OPERATIONS, recovery, "all objects", "region")


def seaweedfs(stand: Stand) -> Report:
    store = Store(stand, stand.name("seaweedfs"), "seaweedfs")
    secrets = stand.secrets(store.name, AWS_ACCESS_KEY_ID=KEY, AWS_SECRET_ACCESS_KEY=SECRET)
    stand.want(store.name, "seaweedfs", secrets=secrets)
    store.fill()
    recovery = stand.recovery(store.name, "s3", store.is_whole)
    stand.want(store.name, "seaweedfs", secrets=secrets, config={"volumeSizeLimitMB": 64})
    stand.wait("the new limit", lambda: "volumeSizeLimit:64 MB" in _volumes(stand, store.name))
    assert store.is_whole()
    version = stand.say(store.name, *_WEED, "version").split()[2]
    return stand.report("seaweedfs", version, _OPERATIONS, recovery, "all objects", "volumeSizeLimitMB")


def _volumes(stand: Stand, name: str) -> str:
    """What the server's own shell says of its volumes; its parts listen on the loopback address."""
    ports = [stand.endpoint(name, port).rpartition(":")[2] for port in ("master", "master-grpc", "filer", "filer-grpc")]
    if not all(ports):
        return ""
    master, master_grpc, filer, filer_grpc = ports
    servers = [f"-master=127.0.0.1:{master}.{master_grpc}", f"-filer=127.0.0.1:{filer}.{filer_grpc}"]
    return stand.say(name, *_WEED, "shell", *servers, text="volume.list\nexit\n")
