"""The HTTP face of an index."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel, ConfigDict, Field

from reconciler.faiss_server.index import BadVectorsError, Match, Metric, NotPossibleError, VectorIndex
from reconciler.faiss_server.limits import MAX_K, MAX_QUERIES, MAX_VECTORS, BodyLimit
from reconciler.faiss_server.metrics import Metrics

Id = Annotated[int, Field(ge=0, lt=2**63)]
Vector = list[float]


class Body(BaseModel):
    """Base of all requests: unknown keys are errors."""

    model_config = ConfigDict(extra="forbid")


class AddBody(Body):
    """Vectors to add."""

    vectors: list[Vector] = Field(min_length=1, max_length=MAX_VECTORS, description="Numbers, one list a vector.")
    ids: list[Id] | None = Field(default=None, description="An id for each; numbered on when not given.")


class SearchBody(Body):
    """Vectors to find the neighbours of."""

    queries: list[Vector] = Field(min_length=1, max_length=MAX_QUERIES, description="Numbers, one list a query.")
    k: int = Field(default=10, ge=1, le=MAX_K, description="Neighbours for each query.")


class DeleteBody(Body):
    """Vectors to forget."""

    ids: list[Id] = Field(min_length=1, max_length=MAX_VECTORS, description="Their ids.")


class Added(BaseModel):
    """The ids of what was added, in the order of the request."""

    ids: list[int]


class Found(BaseModel):
    """For each query its neighbours, nearest first."""

    results: list[list[Match]]


class Deleted(BaseModel):
    """How many of the ids were there."""

    deleted: int


class Info(BaseModel):
    """What the index is."""

    dimension: int
    metric: Metric
    vectors: int
    read_only: bool


def create_app(index: VectorIndex, *, read_only: bool = False, on_stop: Callable[[], None] | None = None) -> FastAPI:
    """The application around `index`; `on_stop` runs after the last request."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        if on_stop is not None:
            on_stop()

    app = FastAPI(title="FAISS", summary="Nearest neighbours over HTTP", lifespan=lifespan)
    app.add_middleware(BodyLimit)
    metrics = Metrics(index)
    _add_errors(app)
    _add_looks(app, index, metrics, read_only=read_only)
    _add_vectors(app, index, metrics, read_only=read_only)
    return app


def _add_errors(app: FastAPI) -> None:
    @app.exception_handler(BadVectorsError)
    def bad(_: Request, error: Exception) -> JSONResponse:
        return JSONResponse({"detail": str(error)}, status_code=422)

    @app.exception_handler(NotPossibleError)
    def not_possible(_: Request, error: Exception) -> JSONResponse:
        return JSONResponse({"detail": str(error)}, status_code=409)


def _add_looks(app: FastAPI, index: VectorIndex, metrics: Metrics, *, read_only: bool) -> None:
    @app.get("/healthz")
    def healthz() -> dict[str, str]:
        """200 as soon as the index is there."""
        return {"status": "ok"}

    @app.get("/info")
    def info() -> Info:
        """What the index is."""
        return Info(dimension=index.dimension, metric=index.metric, vectors=len(index), read_only=read_only)

    @app.get("/metrics", response_class=Response)
    def exposition() -> Response:
        """Prometheus' text format."""
        return Response(metrics.text(), media_type=CONTENT_TYPE_LATEST)


def _add_vectors(app: FastAPI, index: VectorIndex, metrics: Metrics, *, read_only: bool) -> None:
    def refuse_changes() -> None:
        if read_only:
            raise HTTPException(403, "the index is read-only")

    @app.post("/vectors", status_code=201)
    def add(body: AddBody) -> Added:
        """Add vectors; all or none."""
        refuse_changes()
        with metrics.timed("add", len(body.vectors)):
            return Added(ids=index.add(body.vectors, body.ids))

    @app.post("/search")
    def search(body: SearchBody) -> Found:
        """Find the nearest neighbours."""
        with metrics.timed("search", len(body.queries)):
            return Found(results=index.search(body.queries, body.k))

    @app.delete("/vectors")
    def delete(body: DeleteBody) -> Deleted:
        """Forget vectors by id."""
        refuse_changes()
        with metrics.timed("delete", len(body.ids)):
            return Deleted(deleted=index.remove(body.ids))
