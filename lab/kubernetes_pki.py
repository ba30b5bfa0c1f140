"""The certificates of a lab's Kubernetes, made by openssl(1): one authority, and a leaf for each who must prove a name.

A client's name is its certificate's common name (CN), its groups are the organisations (O): the API server believes
them because the authority signed them (Kubernetes documentation, "X509 client certificates").
"""

from __future__ import annotations

import base64
import json
import secrets
import subprocess
from dataclasses import dataclass
from pathlib import Path

from lab import host
from lab.host import LabError
from lab.user import User

_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
_DAYS = ("-days", "3650")


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate authority in a folder. Keys belong to `owner` (None: the present user) and only he reads them."""

    folder: Path
    owner: User | None

    @classmethod
    def create(cls, folder: Path, owner: User | None) -> Authority:
        """Make an authority, and the key pair that service account tokens are signed with (`accounts`)."""
        authority = cls(folder, owner)
        subject = ("-subj", "/CN=reconciler-lab")
        _openssl("req", "-x509", *_KEY, *_DAYS, *subject, "-keyout", authority.key("ca"), "-out", authority.crt("ca"))
        _openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", authority.key("accounts"))
        authority._guard("ca", "accounts")
        return authority

    def key(self, name: str) -> str:
        """Path of a private key."""
        return str(self.folder / f"{name}.key")

    def crt(self, name: str) -> str:
        """Path of a certificate."""
        return str(self.folder / f"{name}.crt")

    def issue(self, name: str, subject: str, *names: str) -> None:
        """Make the key `name` and a certificate for `subject` (such as /O=group/CN=user), valid for `names`.

        The names are those of a server, in the words of x509v3_config(5): `IP:127.0.0.1`, `DNS:localhost`.
        """
        request = self.folder / f"{name}.csr"
        extensions = self.folder / f"{name}.ext"
        extensions.write_text(f"subjectAltName={','.join(names)}\n" if names else "")
        _openssl("req", *_KEY, "-subj", subject, "-keyout", self.key(name), "-out", str(request))
        signer = ("-CA", self.crt("ca"), "-CAkey", self.key("ca"), "-set_serial", str(secrets.randbits(120)))
        usage = ("-extfile", str(extensions), *_DAYS)
        _openssl("x509", "-req", "-in", str(request), *signer, *usage, "-out", self.crt(name))
        self._guard(name)
        for draft in (request, extensions):
            draft.unlink()

    def kubeconfig(self, name: str, server: str, namespace: str = "default") -> Path:
        """Write `<name>.kubeconfig` beside the folder of keys: all in one file, for the leaf `name` at `server`."""
        cluster = {"server": server, "certificate-authority-data": _data(self.crt("ca"))}
        user = {"client-certificate-data": _data(self.crt(name)), "client-key-data": _data(self.key(name))}
        context = {"cluster": "lab", "user": name, "namespace": namespace}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "lab", "cluster": cluster}],
            "users": [{"name": name, "user": user}],
            "contexts": [{"name": "lab", "context": context}],
            "current-context": "lab",
        }
        path = self.folder.parent / f"{name}.kubeconfig"
        path.touch(mode=0o600)
        path.write_text(json.dumps(config, indent=1))
        if self.owner:
            self.owner.own(path)
        return path

    def _guard(self, *names: str) -> None:
        for name in names:
            Path(self.key(name)).chmod(0o600)
            if self.owner:
                self.owner.own(Path(self.key(name)))


def _data(path: str) -> str:
    return base64.b64encode(Path(path).read_bytes()).decode()


def _openssl(*words: str) -> None:
    """Run openssl. Raises LabError with its words when it fails."""
    done = subprocess.run([host.program("openssl"), *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise LabError(f"openssl {words[0]} failed: {done.stderr.strip()}")
