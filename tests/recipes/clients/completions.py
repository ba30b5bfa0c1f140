"""vLLM by OpenAI's own client. All verbs take url, key and model; without a key, one that the server does not know."""

from __future__ import annotations

import json
import sys

import openai

TOKENS = 32
_GREEDY = {"max_tokens": TOKENS, "temperature": 0, "extra_body": {"ignore_eos": True}}
_QUESTION = [{"role": "user", "content": "hello world"}]


def models(client, _model):
    """What it serves: each name, and how long a context may be."""
    return {one.id: one.max_model_len for one in client.models.list()}


def use(client, model):
    """A completion whole and as a stream, and an answer in a chat whole and as a stream."""
    completions, chat = client.completions, client.chat.completions
    whole = completions.create(model=model, prompt="hello", **_GREEDY)
    parts = list(completions.create(model=model, prompt="hello", stream=True, **_GREEDY))
    answer = chat.create(model=model, messages=_QUESTION, **_GREEDY)
    pieces = list(chat.create(model=model, messages=_QUESTION, stream=True, **_GREEDY))
    return {
        "completion": whole.choices[0].text,
        "tokens": whole.usage.completion_tokens,
        "streamed": "".join(part.choices[0].text for part in parts),
        "in_pieces": len(parts) > 2,
        "answer": answer.choices[0].message.content,
        "spoken": "".join(piece.choices[0].delta.content or "" for piece in pieces),
    }


def refusal(client, _model):
    """The code with which it refuses."""
    try:
        client.models.list()
    except openai.APIStatusError as error:
        return {"code": error.status_code}
    return {"code": 200}


def main():
    words = json.load(sys.stdin)
    key = words.get("key") or "nobody knows this one"
    client = openai.OpenAI(base_url=f"{words['url']}/v1", api_key=key, max_retries=0, timeout=30)
    json.dump({"models": models, "use": use, "refusal": refusal}[sys.argv[1]](client, words["model"]), sys.stdout)


main()
