"""The bare Slurm client: submits the same scripts with the same options and decides nothing. Runs by itself.

Its only argument is a JSON file: a list of [options, script]. It says `ready`, waits for a line, and submits with
eight threads; then it says how many CPU seconds that took, its children's included.
"""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

THREADS = 8


def submit(job: tuple[list[str], str]) -> None:
    options, script = job
    subprocess.run(["sbatch", *options], input=script, text=True, capture_output=True, check=True)


def main() -> None:
    jobs = json.loads(Path(sys.argv[1]).read_text())
    print("ready", flush=True)
    sys.stdin.readline()
    before = sum(os.times()[:4])
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(submit, jobs))
    print(sum(os.times()[:4]) - before, flush=True)


main()
