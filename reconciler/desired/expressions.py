"""The tiny language of a recipe's `constraints` and `derived`: sums of numbers, comparisons, `or`. Pure and bounded.

    rule       := comparison ("or" comparison)*
    comparison := sum ("==" | "!=" | "<=" | ">=" | "<" | ">") sum
    sum        := product (("+" | "-") product)*
    product    := atom ("*" atom)*
    atom       := 12 | 0.5 | 'text' | true | false | null | [] | name | bytes(name) | "(" sum ")"
    name       := config.<parameter> | resources.gpus | resources.cpus | resources.memory | nodes | replicas

Nothing is evaluated but this. `resources.memory` and `bytes(…)` are bytes. A comparison with something that is unset,
other than with `null` itself, holds: what is not known is not wrong.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from reconciler.models.service import Value

_TOKEN = re.compile(
    r"\s*(\d{1,15}(?:\.\d{1,6})?|'[^']*'|[a-z][A-Za-z0-9]*(?:\.[a-z][A-Za-z0-9]*)?|==|!=|<=|>=|[<>+*()-]|\[\])"
)
_MOST = 64
_SIZE = re.compile(r"([0-9]+)([kMGTP]?)(i?)B?")
_POWERS = {"": 0, "k": 1, "K": 1, "M": 2, "G": 3, "T": 4, "P": 5}
_WORDS: Mapping[str, Value | None] = {"true": True, "false": False, "null": None, "[]": ()}
_SIGNS: Mapping[str, Callable[[float, float], float]] = {"+": operator.add, "-": operator.sub, "*": operator.mul}
_COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}


@dataclass(frozen=True, slots=True)
class Word:
    """A value that stands there."""

    value: Value | None


@dataclass(frozen=True, slots=True)
class Name:
    """The value of a parameter or of the service; `size`: a text such as 128MB read as bytes."""

    name: str
    size: bool = False


@dataclass(frozen=True, slots=True)
class Sum:
    """Two numbers and a sign between them."""

    sign: str
    left: Term
    right: Term


Term = Word | Name | Sum


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two values and how they must stand to each other."""

    sign: str
    left: Term
    right: Term


#: It holds when one of its comparisons does.
Rule = tuple[Comparison, ...]
Facts = Mapping[str, Value | None]


class ExpressionError(ValueError):
    """The text is no expression; the message says why, in words."""


@lru_cache(maxsize=512)
def parse_rule(text: str) -> Rule:
    """A rule from its text. Raises ExpressionError."""
    reader = _Reader(text)
    comparisons = [reader.comparison()]
    while reader.take("or"):
        comparisons.append(reader.comparison())
    reader.end()
    return tuple(comparisons)


@lru_cache(maxsize=512)
def parse_sum(text: str) -> Term:
    """A sum from its text. Raises ExpressionError."""
    reader = _Reader(text)
    term = reader.sum()
    reader.end()
    return term


def names_in(*terms: Term | Comparison) -> list[str]:
    """The names in it, in their order, each once."""
    return list(dict.fromkeys(name.name for term in terms for name in _names(term)))


def holds(rule: Rule, facts: Facts) -> bool:
    """Whether one of its comparisons holds. KeyError for a name without a fact."""
    return any(_compare(one, facts) for one in rule)


def value_of(term: Term, facts: Facts) -> Value | None:
    """What it comes to; None where something in it is unset."""
    match term:
        case Word(value):
            return value
        case Name(name, size):
            return _bytes(facts[name]) if size else facts[name]
        case Sum(sign, left, right):
            return _add(sign, value_of(left, facts), value_of(right, facts))


def _names(term: Term | Comparison) -> Iterator[Name]:
    match term:
        case Name():
            yield term
        case Sum(_, left, right) | Comparison(_, left, right):
            yield from (*_names(left), *_names(right))
        case Word():
            return


def _compare(one: Comparison, facts: Facts) -> bool:
    left, right = value_of(one.left, facts), value_of(one.right, facts)
    if (left is None or right is None) and Word(None) not in (one.left, one.right):
        return True
    if one.sign in ("==", "!="):
        return (left == right) == (one.sign == "==")
    return isinstance(left, int | float) and isinstance(right, int | float) and _COMPARE[one.sign](left, right)


def _add(sign: str, left: Value | None, right: Value | None) -> Value | None:
    if not isinstance(left, int | float) or not isinstance(right, int | float):
        return None
    try:
        return _SIGNS[sign](left, right)
    except OverflowError:  # a whole number that no float holds
        return math.inf


def _bytes(value: Value | None) -> int | None:
    """A size as servers write it: 128MB is 128·1024² as in PostgreSQL, and so is 128M. None for another text."""
    match = _SIZE.fullmatch(value) if isinstance(value, str) else None
    return int(match[1]) * 1024 ** _POWERS[match[2]] if match else None


class _Reader:
    """The words of a text, read from left to right."""

    def __init__(self, text: str) -> None:
        self._words = _split(text)
        self._next = 0

    def take(self, *wanted: str) -> str:
        """The next word if it is one of these, "" otherwise."""
        word = self._words[self._next] if self._next < len(self._words) else ""
        self._next += word in wanted
        return word if word in wanted else ""

    def end(self) -> None:
        """Nothing more comes. Raises ExpressionError."""
        if self._next < len(self._words):
            raise ExpressionError(f"`{self._words[self._next]}` does not belong there")

    def comparison(self) -> Comparison:
        left = self.sum()
        sign = self.take("==", "!=", *_COMPARE)
        if not sign:
            raise ExpressionError("a comparison such as `a == b` is missing")
        return Comparison(sign, left, self.sum())

    def sum(self) -> Term:
        term = self._product()
        while sign := self.take("+", "-"):
            term = Sum(sign, term, self._product())
        return term

    def _product(self) -> Term:
        term = self._atom()
        while self.take("*"):
            term = Sum("*", term, self._atom())
        return term

    def _atom(self) -> Term:
        if self._next == len(self._words):
            raise ExpressionError("it ends too early")
        word = self._words[self._next]
        self._next += 1
        if word == "(":
            return self._close(self.sum())
        if word == "bytes" and self.take("("):
            name = self._atom()
            if not isinstance(name, Name):
                raise ExpressionError("bytes() takes the name of one parameter")
            return self._close(Name(name.name, size=True))
        return _word(word)

    def _close(self, term: Term) -> Term:
        if not self.take(")"):
            raise ExpressionError("a `)` is missing")
        return term


def _split(text: str) -> Sequence[str]:
    words, end, text = [], 0, text.rstrip()
    while end < len(text):
        match = _TOKEN.match(text, end)
        if match is None:
            raise ExpressionError(f"`{text[end:].strip()[:20]}` is no word of it")
        words.append(match[1])
        end = match.end()
    if len(words) > _MOST:
        raise ExpressionError(f"more than {_MOST} words")
    return words


def _word(word: str) -> Term:
    if word in _WORDS:
        return Word(_WORDS[word])
    if word[0].isdigit():
        return Word(float(word) if "." in word else int(word))
    if word[0] == "'":
        return Word(word[1:-1])
    if word[0].isalpha() and word != "or":
        return Name(word)
    raise ExpressionError(f"`{word}` does not belong there")
