"""HTTPS: by files, renewed while it runs, never below TLS 1.2, and slow handshakes end."""

from __future__ import annotations

import logging
import ssl
import warnings
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from reconciler.errors import SettingsError
from reconciler.settings import HttpSettings, RequestLimits
from reconciler.web import PageServer
from reconciler.web.door.tls import Tls
from tests.e2e.world import until
from tests.web.door.certificates import write_pair
from tests.web.door.rooms import Answer, Room, parse, read_all, request, room

QUICK = HttpSettings(limits=RequestLimits(header=timedelta(seconds=2)))


def ask(one: Room, certificate: Path, target: str) -> Answer:
    context = ssl.create_default_context(cafile=str(certificate))
    with context.wrap_socket(one.connect(), server_hostname="localhost") as secure:
        secure.sendall(request("GET", target, f"localhost:{one.port}"))
        return parse(read_all(secure))


def name_of(one: Room) -> str:
    pem = ssl.get_server_certificate(("127.0.0.1", one.port), timeout=30)
    found = x509.load_pem_x509_certificate(pem.encode()).subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value)


def test_the_pages_over_tls(tmp_path: Path) -> None:
    files = write_pair(tmp_path)
    with room(QUICK, tls=files) as one:
        assert one.server.address.startswith("https://127.0.0.1:")
        assert ask(one, files.certificate, "/door-who").json["through"] == "loopback"
        assert ask(one, files.certificate, "/healthz").status == 200
        assert not one.raw(request("GET", "/healthz", one.host)).startswith(b"HTTP/")


def test_old_versions_of_tls_are_not_spoken(tmp_path: Path) -> None:
    files = write_pair(tmp_path)
    with room(QUICK, tls=files) as one, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
        context.set_ciphers("ALL:@SECLEVEL=0")
        with pytest.raises((ssl.SSLError, OSError)), one.connect() as plain:
            context.wrap_socket(plain)


def test_a_renewed_certificate_is_used_and_a_broken_one_is_not(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    files = write_pair(tmp_path, "first.example")
    tls = Tls(files)
    assert served_name(tls) == "CN=first.example"
    files.key.write_text("half of it", "utf-8")
    with caplog.at_level(logging.WARNING):
        tls.renew()
        tls.renew()
    assert [record.levelname for record in caplog.records] == ["WARNING"], "said once"
    assert served_name(tls) == "CN=first.example"
    assert "the certificate that was there before stays in use" in caplog.text
    write_pair(tmp_path, "second.example")
    tls.renew()
    assert served_name(tls) == "CN=second.example"


def served_name(tls: Tls) -> str:
    """The name in the certificate that is shown, by a handshake in memory."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours, theirs = client.wrap_bio(back, there), tls.context.wrap_bio(there, back, server_side=True)
    for _ in range(4):
        for end in (ours, theirs):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
    found = x509.load_der_x509_certificate(ours.getpeercert(binary_form=True) or b"")
    return found.subject.rfc4514_string()


def test_it_is_renewed_while_it_runs(tmp_path: Path) -> None:
    files = write_pair(tmp_path, "first.example")
    with room(QUICK, tls=files) as one:
        assert name_of(one) == "first.example"
        write_pair(tmp_path, "second.example")
        until("the new certificate is shown", lambda: name_of(one) == "second.example", 40)


def test_a_handshake_that_hangs_is_ended_and_in_nobodys_way(tmp_path: Path) -> None:
    files = write_pair(tmp_path)
    with room(QUICK, tls=files) as one, one.connect() as slow:
        slow.sendall(b"\x16\x03\x01\x02\x00\x01\x00")
        assert ask(one, files.certificate, "/healthz").status == 200
        assert read_all(slow) == b""


@pytest.mark.parametrize("wrong", ["missing", "no PEM", "of another", "locked"])
def test_files_that_cannot_be_used_are_a_clear_error(tmp_path: Path, wrong: str) -> None:
    files = write_pair(tmp_path, password=b"secret" if wrong == "locked" else None)
    if wrong == "missing":
        files.key.unlink()
    elif wrong == "no PEM":
        files.certificate.write_text("x", "utf-8")
    elif wrong == "of another":
        key = files.key.read_bytes()
        write_pair(tmp_path)
        files.key.write_bytes(key)
    with pytest.raises(SettingsError, match=r"http\.tls: .*cannot be used: .*they belong together"):
        PageServer("127.0.0.1:0", tls=files)
