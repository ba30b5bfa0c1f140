"""The first request of a service, asked inside its container by the startup probe: what `ask.sh` does, without curl.

Its text goes into the manifest, so it runs by itself, with any Python since 3.8; its arguments are those of `ask.sh`.
"""

from __future__ import annotations

import http.client
import os
import signal
import ssl
import sys
import time
import urllib.parse
from contextlib import suppress

_BODY = 65536
_NONE = "no answer"


def ask(method: str, url: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
    """The status and the beginning of the body of the answer. Raises OSError and HTTPException."""
    place = urllib.parse.urlsplit(url)
    host, port = place.hostname or "", place.port
    call = http.client.HTTPConnection(host, port)
    if place.scheme == "https":
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        call = http.client.HTTPSConnection(host, port, context=context)
    call.request(method, place.path, body if method == "POST" else None, headers)
    answer = call.getresponse()
    return answer.status, answer.read(_BODY)


def judge(words: list[str]) -> str:
    """Ask once: "" where the answer is right, or what is wrong with it."""
    method, url, codes, text, variable, kind, body = words
    headers = {"Content-Type": kind} if method == "POST" else {}
    token = os.environ.get(variable, "").replace("\r", "").replace("\n", "")
    if token:
        headers["Authorization"] = f"Bearer {token}"
    try:
        status, answer = ask(method, url, headers, os.fsencode(body))
    except (OSError, http.client.HTTPException, ValueError):
        return _NONE
    if not {str(status), str(status)[:1]} & set(codes.split()):
        return f"HTTP {status}"
    return "" if os.fsencode(text) in answer else "its answer lacks the text"


def main() -> None:
    """Ask until the answer is right. It fails after its time and not before, as the kubelet counts how often it did."""
    seconds, words = int(sys.argv[1]), sys.argv[2:]
    end, why = time.monotonic() + seconds, _NONE

    def over(*_: object) -> None:
        raise TimeoutError

    signal.signal(signal.SIGALRM, over)
    signal.alarm(seconds)
    with suppress(TimeoutError):
        while time.monotonic() < end:
            found = judge(words)
            if not found:
                return
            # No answer says least: the last try may have had little time.
            why = why if found == _NONE else found
            time.sleep(1)
    sys.exit(f"first request {words[0]} {urllib.parse.urlsplit(words[1]).path}: {why}")


if __name__ == "__main__":
    main()
