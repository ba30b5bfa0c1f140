"""Documents as people write them, in every style, with comments at every place where one can be."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

Path = tuple[str, ...]
KEYS = ("alpha", "beta", "gamma", "delta", "with space", "yes")
#: Spellings of scalars that have to stay as they are.
SCALARS = (
    "1", "0x10", "1e3", "1_000", "-7", "true", "null", "~", "text", "two words", "yes", "2026-11-23", "a:b", "a#b",
    '"in quotes"', "'it''s'", '"\\u00e9 \\n"', "é", "😀", "http://x/y?z=1", '""', "''", '"a # b"', "!!str 5",
)  # fmt: skip
FLOWS = (
    "{}",
    "[]",
    "[1, two, 'x']",
    "{a: 1, b: [2, {c: }]}",
    "{ a: 1 , b: 2, }",
    "[\n      1,\n      2]",
    "{a: '{}', b}",
)
TEXTS = ("|\n{0}one\n{0}two\n", ">-\n{0}folded\n{0}text\n\n", "|\n{0}one\n\n{0}  two # none\n", "|2\n{0}indented\n")


@dataclass
class Written:
    """A text that grows. `comments` are those on lines of their own, each with the collection that it is in."""

    lines: list[str] = field(default_factory=list)
    comments: dict[str, Path] = field(default_factory=dict)
    count: int = 0

    def comment(self) -> str:
        self.count += 1
        return f"# comment {self.count}."

    def own_line(self, indent: int, path: Path) -> None:
        text = self.comment()
        self.comments[text] = path
        self.lines.append(" " * indent + text)


class Writer:
    """Writes one document by drawing each choice."""

    def __init__(self, draw: st.DrawFn, written: Written) -> None:
        self._draw = draw
        self._written = written

    def chance(self, of: int = 3) -> bool:
        return self._draw(st.integers(0, of)) == 0

    def choose(self, options: tuple[Any, ...]) -> Any:
        return self._draw(st.sampled_from(options))

    def between(self, indent: int, path: Path) -> None:
        if self.chance(4):
            self._written.own_line(indent, path)
        if self.chance(6):
            self._written.lines.append("")

    def tail(self) -> str:
        return f"{self.choose((' ', '   '))}{self._written.comment()}" if self.chance(5) else ""

    def mapping(self, indent: int, path: Path, depth: int) -> None:
        """A mapping in block style that is not empty."""
        keys = self._draw(st.lists(st.sampled_from(KEYS), min_size=1, max_size=4, unique=True))
        for key in keys:
            self.between(indent, path)
            self.entry(key, indent, path, depth)
        if self.chance(6):
            self._written.own_line(indent, path)

    def entry(self, key: str, indent: int, path: Path, depth: int) -> None:
        head = " " * indent + self.choose((key, f'"{key}"', f"'{key}'")) + self.choose((":", ":", " :"))
        lines = self._written.lines
        kind = self.choose(("scalar", "scalar", "scalar", "flow", "text", "nothing", "next line", "mapping", "list"))
        if kind in ("mapping", "list") and depth:
            lines.append(head + self.tail())
            if kind == "mapping":
                self.mapping(indent + self.choose((1, 2, 4)), (*path, key), depth - 1)
            else:
                self.items(indent + self.choose((0, 2, 3)), (*path, key))
        elif kind == "text":
            lines += (head + " " + self.choose(TEXTS).format(" " * (indent + 2)).removesuffix("\n")).split("\n")
        elif kind == "nothing":
            lines.append(head + self.tail())
        elif kind == "next line":
            lines += [head + self.tail(), " " * (indent + 2) + self.choose(SCALARS) + self.tail()]
        else:
            value = self.choose(FLOWS if kind == "flow" else SCALARS)
            lines += (head + self.choose((" ", "   ")) + value + self.tail()).split("\n")

    def items(self, indent: int, path: Path) -> None:
        for _ in range(self._draw(st.integers(1, 4))):
            self.between(indent, path)
            dash = " " * indent + self.choose(("- ", "-   "))
            self._written.lines += (dash + self.choose((*SCALARS, "{a: 1}", "[1, 2]")) + self.tail()).split("\n")


@st.composite
def files(draw: st.DrawFn, names: tuple[str, ...] = ("a", "b", "c")) -> tuple[str, dict[str, dict[str, Path]]]:
    """A file with a document of each name, and the comments on lines of their own of each document."""
    texts: list[str] = []
    comments: dict[str, dict[str, Path]] = {}
    count = 0
    for number, name in enumerate(names):
        written = Written(count=count)
        writer = Writer(draw, written)
        if number or writer.chance(1):
            written.lines.append("---" + writer.tail())
        writer.between(0, ())
        written.lines += ["apiVersion: reconciler/v1", "kind: Service" + writer.tail()]
        writer.between(0, ())
        written.lines.append(writer.choose((f"metadata: {{name: {name}}}", f"metadata:\n  name: '{name}'")))
        writer.between(0, ())
        written.lines.append("spec:" + writer.tail())
        writer.mapping(writer.choose((1, 2, 4)), ("spec",), 2)
        written.lines += [""] if writer.chance() else []
        written.lines += ["..."] if writer.chance(8) else []
        comments[name], count = written.comments, written.count
        texts += written.lines
    text = "\n".join(texts) + draw(st.sampled_from(("\n", "\n", "\n\n", "")))
    if draw(st.booleans()):
        text = text.replace("\n", "\r\n")
    return draw(st.sampled_from(("", "", "\ufeff"))) + text, comments


_keys = st.sampled_from((*KEYS, "new", "on", "1", "a: b", "é", ""))
#: Values that JSON knows, with texts that look like YAML.
scalars = st.one_of(
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(("", "yes", "- a: b # c", "*x", "&x y", "!!python/object x", "{{ }}", "a: b", "a:", "#", " x ",
                     "x\n", "a\nb", "a\n\nb\n", "\ttab", "a\u2028b", "\x85", "\x00", "0x10", "1e3", "12:30", "~",
                     "null", "---", "...", "%YAML", "@x", "`x`", "|", ">", "? a", "'", '"', "\\", "a\r\nb", "=", "<<",
                     "x" * 300)),
    st.text(max_size=20),
)  # fmt: skip
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_keys, inner, max_size=3)),
    max_leaves=6,
)
patches = st.recursive(
    st.none() | values, lambda inner: st.dictionaries(_keys, inner, min_size=1, max_size=3), max_leaves=8
)
specs = st.dictionaries(_keys, patches, min_size=1, max_size=4)

#: Pieces of files that nobody would write.
_pieces = st.sampled_from(
    ("a", "b:", ": ", "? ", "- ", "\n", "\n  ", "\n    ", "\n---\n", "\n...\n", "{", "}", "[", "]", ", ", "&x ",
     "*x", "!!str ",
     "!t ", "|\n", ">+\n", "#c", " #c\n", "'", '"', "\\", "%YAML 1.2\n", "<<: ", "\t", "\r\n", "\r", "\x85",
     "\u2028", "é", "😀",
     "1", "~", "spec:", "metadata:", "name: a", "x: 1\n", "\ufeff"),
)  # fmt: skip


@st.composite
def rubbish(draw: st.DrawFn) -> str:
    """A service's document with rubbish at several places."""
    some = [draw(st.lists(_pieces, max_size=6).map("".join)) for _ in range(6)]
    return (
        f"{some[0]}apiVersion: reconciler/v1\nkind: Service\nmetadata: {{name: a}}{some[1]}\nspec:{some[2]}\n"
        f"  recipe: faiss{some[3]}\n  config: {{x: 1{some[4]}}}\n{some[5]}"
    )
