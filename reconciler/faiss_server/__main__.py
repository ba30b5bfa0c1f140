"""`python -m reconciler.faiss_server`: serve one FAISS index over HTTP until SIGTERM or Ctrl-C."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.faiss_server.index import VectorIndex

# Written out, not imported: `--help` and a bad argument must not need FAISS.
METRICS = ("l2", "ip", "cosine")
INDEX_TYPES = ("Flat", "HNSW32", "IVF256,Flat")


def main() -> None:
    """Read the arguments, open the index, serve. Exits 2 when the arguments or the index file are of no use."""
    parser = _parser()
    arguments = parser.parse_args()
    try:
        index = _open(arguments)
    except ImportError as error:
        parser.exit(2, f"{error.name} is not installed: pip install 'reconciler[faiss]'\n")
    except (OSError, RuntimeError, ValueError) as error:
        parser.exit(2, f"{error}\n")
    _serve(index, arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m reconciler.faiss_server", description="Serve a FAISS index.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8080, help="port to listen on (default: %(default)s)")
    parser.add_argument("--dimension", type=_positive, required=True, help="numbers in each vector")
    parser.add_argument("--metric", choices=METRICS, default="l2", help="how near two vectors are (default: l2)")
    parser.add_argument("--index-type", choices=INDEX_TYPES, default="Flat", help="kind of index (default: Flat)")
    parser.add_argument("--index-file", type=Path, help="index to load, and to write when the server stops")
    parser.add_argument("--read-only", action="store_true", help="refuse changes, and never write the index file")
    return parser


def _positive(text: str) -> int:
    if not 1 <= int(text) <= 65_536:
        raise argparse.ArgumentTypeError(f"{text} is not between 1 and 65536")
    return int(text)


def _open(arguments: argparse.Namespace) -> VectorIndex:
    from reconciler.faiss_server.index import load_index, new_index  # noqa: PLC0415  FAISS is optional and slow to import

    file: Path | None = arguments.index_file
    if file is not None and file.exists():
        return load_index(file, arguments.metric, read_only=arguments.read_only)
    if file is not None and arguments.read_only:
        raise FileNotFoundError(f"{file} is not there, and --read-only cannot make it")
    return new_index(arguments.dimension, arguments.metric, arguments.index_type)


def _serve(index: VectorIndex, arguments: argparse.Namespace) -> None:
    import uvicorn  # noqa: PLC0415  only the server needs it, not --help

    from reconciler.faiss_server.api import create_app  # noqa: PLC0415  as above

    file: Path | None = None if arguments.read_only else arguments.index_file
    app = create_app(index, read_only=arguments.read_only, on_stop=None if file is None else lambda: index.save(file))
    # uvicorn raises the signal again when it has stopped; a stop that was asked for is a success.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    uvicorn.run(app, host=arguments.host, port=arguments.port, timeout_graceful_shutdown=1, log_level="warning")


if __name__ == "__main__":
    main()
