"""Triton by tritonclient. All verbs take http and grpc (host:port); models take IN and give OUT."""

from __future__ import annotations

import json
import sys

import numpy as np
import tritonclient.grpc
import tritonclient.http


def infer(clients, words):
    """What each protocol gives for `values` by `model`."""
    values = np.array(words["values"], dtype=np.float32)
    answers = {}
    for name, client in clients.items():
        given = sys.modules[f"tritonclient.{name}"].InferInput("IN", list(values.shape), "FP32")
        given.set_data_from_numpy(values)
        answers[name] = client.infer(words["model"], [given]).as_numpy("OUT").tolist()
    return {**answers, "version": clients["grpc"].get_server_metadata().version}


def ready(clients, words):
    """Which of `models` are ready, by both protocols."""
    return {name: [one for one in words["models"] if client.is_model_ready(one)] for name, client in clients.items()}


def main():
    words = json.load(sys.stdin)
    clients = {
        "http": tritonclient.http.InferenceServerClient(words["http"]),
        "grpc": tritonclient.grpc.InferenceServerClient(words["grpc"]),
    }
    json.dump({"infer": infer, "ready": ready}[sys.argv[1]](clients, words), sys.stdout)


main()
