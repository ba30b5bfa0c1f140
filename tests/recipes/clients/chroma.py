"""Chroma by its own client. All verbs take host and port."""

from __future__ import annotations

import json
import sys

import chromadb
from chromadb.config import Settings

VECTORS = {"east": [1.0, 0.0], "north": [0.0, 1.0], "west": [-1.0, 0.0]}
NAME = "directions"


def fill(client):
    """Make a collection and add documents to it."""
    collection = client.create_collection(NAME, embedding_function=None)
    names = list(VECTORS)
    collection.add(
        ids=names,
        embeddings=list(VECTORS.values()),
        documents=[f"to the {name}" for name in names],
        metadatas=[{"letters": len(name)} for name in names],
    )
    return query(client)


def query(client):
    """How many documents there are, the two nearest ones to a place, and those that a filter lets through."""
    collection = client.get_collection(NAME, embedding_function=None)
    place = [[0.9, 0.2]]
    near = collection.query(query_embeddings=place, n_results=2)
    some = collection.query(query_embeddings=place, n_results=3, where={"letters": 4})
    return {
        "count": collection.count(),
        "near": near["ids"][0],
        "documents": near["documents"][0],
        "filtered": some["ids"][0],
        "version": client.get_version(),
    }


def main():
    words = json.load(sys.stdin)
    client = chromadb.HttpClient(words["host"], int(words["port"]), settings=Settings(anonymized_telemetry=False))
    json.dump({"fill": fill, "query": query}[sys.argv[1]](client), sys.stdout)


main()
