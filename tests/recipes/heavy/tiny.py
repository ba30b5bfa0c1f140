"""A language model that is as small as can be: two layers, 64 words, no weights.

vLLM makes the weights itself (`--load-format dummy`), the same at each start: the same question gets the same answer.
"""

from __future__ import annotations

import json

from lab.factory import Factory
from tests.recipes.stories.stand import Files

#: So long may a context be.
LONGEST = 512
_SPECIAL = ("<unk>", "<s>", "</s>")
_WORDS = (*_SPECIAL, "hello", "world", "1", *(f"word{number}" for number in range(58)))
_CHAT = "{% for message in messages %}{{ message['content'] }} {% endfor %}"

_MODEL = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "num_hidden_layers": 2,
    "vocab_size": len(_WORDS),
    "max_position_embeddings": LONGEST,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "torch_dtype": "float32",
}
_TOKENIZER = {
    "version": "1.0",
    "added_tokens": [
        {"id": number, "content": word, "special": True}
        | dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
        for number, word in enumerate(_SPECIAL)
    ],
    "pre_tokenizer": {"type": "Whitespace"},
    "model": {"type": "WordLevel", "vocab": {word: number for number, word in enumerate(_WORDS)}, "unk_token": "<unk>"},
}
_SETTINGS = {
    "tokenizer_class": "PreTrainedTokenizerFast",
    **dict(zip(("unk_token", "bos_token", "eos_token"), _SPECIAL, strict=True)),
    "model_max_length": LONGEST,
    "chat_template": _CHAT,
}


def put(factory: Factory, files: Files) -> None:
    """The model's files, as the Hugging Face Hub has them."""
    for name, content in {"config": _MODEL, "tokenizer": _TOKENIZER, "tokenizer_config": _SETTINGS}.items():
        factory.put(files.place / f"{name}.json", json.dumps(content))
