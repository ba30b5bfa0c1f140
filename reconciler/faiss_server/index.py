"""One FAISS index with ids, safe to use from many threads."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import faiss
import numpy as np
from numpy.typing import NDArray

Metric = Literal["l2", "ip", "cosine"]
#: The index factory strings that are offered: exact, graph, and inverted lists.
IndexType = Literal["Flat", "HNSW32", "IVF256,Flat"]
METRICS: tuple[Metric, ...] = get_args(Metric)
INDEX_TYPES: tuple[IndexType, ...] = get_args(IndexType)

Floats = NDArray[np.float32]
Ids = NDArray[np.int64]


class BadVectorsError(ValueError):
    """What a client sent cannot be used; the message says what was found and what was expected."""


class NotPossibleError(Exception):
    """The request is well-formed, and the index as it stands cannot do it."""


@dataclass(frozen=True, slots=True)
class Match:
    """One neighbour. `distance` is FAISS's: squared for l2, the inner product for ip, the cosine for cosine."""

    id: int
    distance: float


def new_index(dimension: int, metric: Metric = "l2", index_type: str = "Flat") -> VectorIndex:
    """An empty index. Raises ValueError for an index type that is not offered."""
    if index_type not in INDEX_TYPES:
        raise ValueError(f"index type {index_type!r} is not one of {', '.join(INDEX_TYPES)}")
    kind = faiss.METRIC_L2 if metric == "l2" else faiss.METRIC_INNER_PRODUCT
    return VectorIndex(faiss.IndexIDMap2(faiss.index_factory(dimension, index_type, kind)), metric)


def load_index(file: Path, metric: Metric, *, read_only: bool) -> VectorIndex:
    """Read an index that `save` or faiss.write_index wrote; the file decides dimension and metric.

    `metric` only tells cosine from ip, which a file does not. Raises RuntimeError when FAISS cannot read it, and
    ValueError when it is to be changed and does not keep ids (IndexIDMap2).
    """
    index = faiss.read_index(str(file))
    if not read_only and not isinstance(index, faiss.IndexIDMap2):
        raise ValueError(f"{file} is a {type(index).__name__}: only an IndexIDMap2 can be changed, use --read-only")
    if index.metric_type != faiss.METRIC_INNER_PRODUCT:
        return VectorIndex(index, "l2")
    return VectorIndex(index, "cosine" if metric == "cosine" else "ip")


class VectorIndex:
    """Vectors of one dimension with ids that are unique. Every method may be called from any thread.

    `metric` cosine is kept as the inner product of vectors of length one.
    """

    def __init__(self, index: faiss.Index, metric: Metric) -> None:
        self.metric = metric
        self.dimension = int(index.d)
        self._index = index
        self._lock = threading.Lock()
        self._ids: set[int] = set()
        if isinstance(index, faiss.IndexIDMap2):
            self._ids.update(faiss.vector_to_array(index.id_map).tolist())
        self._next = max(self._ids, default=-1) + 1

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def add(self, vectors: Sequence[Sequence[float]], ids: Sequence[int] | None = None) -> list[int]:
        """Add vectors and return their ids; without `ids` they are numbered on from the largest one so far.

        All or none are added. Raises BadVectorsError, or NotPossibleError when an id is there already or the first
        vectors are too few to train the index.
        """
        matrix = self._matrix(vectors)
        with self._lock:
            chosen = list(ids) if ids is not None else list(range(self._next, self._next + len(matrix)))
            self._check_ids(chosen, len(matrix))
            self._train(matrix)
            self._index.add_with_ids(matrix, np.asarray(chosen, dtype=np.int64))
            self._ids.update(chosen)
            self._next = max(self._next, max(chosen, default=-1) + 1)
        return chosen

    def search(self, queries: Sequence[Sequence[float]], k: int) -> list[list[Match]]:
        """The `k` nearest of each query, nearest first; fewer when there are fewer. Raises BadVectorsError."""
        matrix = self._matrix(queries)
        with self._lock:
            if not len(self):
                return [[] for _ in matrix]
            distances, ids = self._index.search(matrix, k)
        return [
            [Match(int(i), float(d)) for i, d in zip(row_ids, row, strict=True) if i >= 0]
            for row_ids, row in zip(ids, distances, strict=True)
        ]

    def remove(self, ids: Sequence[int]) -> int:
        """Remove vectors and return how many were there. Raises NotPossibleError for kinds that cannot."""
        with self._lock:
            if not _can_forget(self._index):
                raise NotPossibleError("only an index of type Flat can forget vectors")
            removed = int(self._index.remove_ids(faiss.IDSelectorBatch(np.asarray(ids, dtype=np.int64))))
            self._ids.difference_update(ids)
        return removed

    def save(self, file: Path) -> None:
        """Write the index beside `file` and move it there when it is whole. Raises RuntimeError or OSError."""
        part = file.with_name(f".{file.name}.part")
        with self._lock:
            faiss.write_index(self._index, str(part))
        part.replace(file)

    def _matrix(self, vectors: Sequence[Sequence[float]]) -> Floats:
        for row, vector in enumerate(vectors):
            if len(vector) != self.dimension:
                raise BadVectorsError(f"vector {row} has {len(vector)} numbers, expected {self.dimension}")
        with np.errstate(over="ignore"):
            matrix = np.asarray(vectors, dtype=np.float32).reshape(len(vectors), self.dimension)
        finite = np.isfinite(matrix).all(axis=1)
        if not finite.all():
            raise BadVectorsError(f"vector {int(finite.argmin())} has a number that is not finite in 32 bits")
        return self._normalised(matrix) if self.metric == "cosine" else matrix

    def _normalised(self, matrix: Floats) -> Floats:
        lengths = np.linalg.norm(matrix.astype(np.float64), axis=1, keepdims=True)
        if not lengths.all():
            raise BadVectorsError(f"vector {int(lengths.argmin())} is zero, which has no cosine")
        normalised: Floats = (matrix / lengths).astype(np.float32)
        return normalised

    def _check_ids(self, ids: list[int], expected: int) -> None:
        if len(ids) != expected:
            raise BadVectorsError(f"{len(ids)} ids for {expected} vectors")
        if len(set(ids)) != len(ids):
            raise BadVectorsError("an id is there twice in the request")
        known = self._ids.intersection(ids)
        if known:
            raise NotPossibleError(f"id {min(known)} is there already; delete it first")

    def _train(self, matrix: Floats) -> None:
        if self._index.is_trained:
            return
        lists = int(faiss.extract_index_ivf(self._index).nlist)
        if len(matrix) < lists:
            raise NotPossibleError(f"the first request must bring at least {lists} vectors to train on")
        self._index.train(matrix)


def _can_forget(index: faiss.Index) -> bool:
    """The others renumber or cannot remove, which would part vectors from their ids."""
    return isinstance(index, faiss.IndexIDMap2) and isinstance(faiss.downcast_index(index.index), faiss.IndexFlat)
