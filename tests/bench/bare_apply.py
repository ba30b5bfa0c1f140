"""The bare Kubernetes client: applies the same bodies with urllib3 and decides nothing. Runs by itself.

Its arguments: a JSON file with a list of [path, body], the server's URL, and the files of the CA, the certificate and
the key. It says `ready`, waits for a line, and sends with sixteen threads; then it says its CPU seconds.
"""

import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import urllib3

THREADS = 16
HEADERS = {"Content-Type": "application/apply-patch+yaml", "Accept": "application/json"}


def main() -> None:
    requests = json.loads(Path(sys.argv[1]).read_text())
    server, authority, certificate, key = sys.argv[2:]
    pool = urllib3.PoolManager(maxsize=THREADS, ca_certs=authority, cert_file=certificate, key_file=key)

    def apply(request: tuple[str, dict[str, object]]) -> None:
        path, body = request
        url = f"{server}{path}?fieldManager=reconciler&force=true"
        answer = pool.request("PATCH", url, body=json.dumps(body).encode(), headers=HEADERS, retries=False)
        if answer.status >= 300:
            raise RuntimeError(f"{path}: {answer.status} {answer.data.decode()}")

    print("ready", flush=True)
    sys.stdin.readline()
    before = sum(os.times()[:4])
    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(apply, requests))
    print(sum(os.times()[:4]) - before, flush=True)


main()
