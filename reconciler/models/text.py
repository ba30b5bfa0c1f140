"""Foreign text made safe to show: jobs, repositories and people may put anything into it."""

from __future__ import annotations

import re

#: What is a secret by its looks: the user part of a URL, what follows the name of a secret or of a scheme of HTTP, and
#: tokens whose makers gave them a prefix. A group before the secret is kept.
_SECRETS = (
    re.compile(r"(://)[^/@\s]{1,1024}(?=@)"),
    re.compile(r"(authorization[\"']? ?: ?[\"']?[a-z]{1,16} +)[^\s\"']{1,4096}", re.IGNORECASE),
    re.compile(r"(bearer +)[A-Za-z0-9._~+/=-]{16,4096}", re.IGNORECASE),
    re.compile(
        r"((?:password|passwd|passphrase|token|secret|api_?key)(?:[\"']? ?= ?[\"']?|[\"'] ?: ?[\"']))"
        r"[^\s\"',;&]{1,4096}",
        re.IGNORECASE,
    ),
    re.compile(r"\b()(?:gh[a-z]_|github_pat_|glpat-|hf_|sk-|xox[a-z]-|rcl_)[A-Za-z0-9_]{20,255}"),
    re.compile(r"\b()AKIA[A-Z0-9]{16}"),
    re.compile(r"\b()eyJ[A-Za-z0-9_-]{8,2048}\.[A-Za-z0-9_-]{8,4096}\.[A-Za-z0-9_-]{0,1024}"),
    re.compile(r"()-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----.{0,16384}", re.DOTALL),
)


def visible(text: str) -> str:
    r"""One line with every character that cannot be printed written as Python escapes it (`\x1b`, `\n`, `\u202e`).

    Control characters would move a terminal's cursor or forge lines; direction marks would turn words around.
    """
    return text if text.isprintable() else "".join(map(_shown, text))


def _shown(char: str) -> str:
    return char if char.isprintable() else char.encode("unicode_escape").decode("ascii")


def redact(text: str) -> str:
    """The text with what looks like a secret replaced by `***`: credentials of a URL, passwords, tokens, keys."""
    for pattern in _SECRETS:
        text = pattern.sub(r"\1***", text)
    return text
