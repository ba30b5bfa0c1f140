"""When keys are asked for again: in a loop whose clock can be put forward."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

import pytest

from reconciler.web.door.jwks import Key, KeysError
from reconciler.web.door.keyring import Keyring
from reconciler.web.door.refusal import RefusalError
from tests.web.door.provider import ED


class Loop(asyncio.SelectorEventLoop):
    skipped = 0.0

    def time(self) -> float:
        return super().time() + self.skipped


@dataclass
class Source:
    """Where keys come from; `asked` counts. With `slow`, an answer comes when that is set."""

    names: list[str] = field(default_factory=lambda: ["a"])
    well: bool = True
    asked: int = 0
    slow: threading.Event | None = None

    def __call__(self) -> tuple[Key, ...]:
        self.asked += 1
        if self.slow is not None:
            self.slow.wait(30)
        if not self.well:
            raise KeysError("down")
        return tuple(Key(name, ("EdDSA",), ED.public_key()) for name in self.names)


def run(story: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=Loop) as runner:
        runner.run(story)


def skip(seconds: float) -> None:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, Loop)
    loop.skipped += seconds


async def names(ring: Keyring, name: str) -> list[str]:
    return [key.name for key in await ring.find(name)]


def test_an_unknown_key_is_asked_for_once_a_minute() -> None:
    async def story() -> None:
        source = Source()
        ring = Keyring(source, 10)
        assert await names(ring, "a") == ["a"]
        source.names.append("b")
        assert await names(ring, "b") == []
        skip(59)
        assert await names(ring, "b") == []
        assert source.asked == 1
        skip(2)
        assert await names(ring, "b") == ["b"]
        assert [await names(ring, f"c{number}") for number in range(50)] == [[]] * 50
        assert source.asked == 2

    run(story())


def test_many_who_come_at_once_ask_once_and_nobody_waits_without_end() -> None:
    async def story() -> None:
        source = Source(slow=threading.Event())
        ring = Keyring(source, 0.2)
        found = await asyncio.gather(*(ring.find("a") for _ in range(20)), return_exceptions=True)
        assert {type(one) for one in found} == {RefusalError}
        assert "did not answer within 0.2s" in str(found[0])
        assert source.asked == 1
        assert source.slow is not None
        source.slow.set()
        while await names_or_none(ring) is None:
            await asyncio.sleep(0.01)
        assert await names(ring, "a") == ["a"]

    run(story())


async def names_or_none(ring: Keyring) -> list[str] | None:
    try:
        return await names(ring, "a")
    except RefusalError:
        return None


def test_old_keys_are_renewed_while_they_are_used_and_stay_when_that_fails() -> None:
    async def story() -> None:
        source = Source()
        ring = Keyring(source, 10)
        await ring.find("a")
        source.well = False
        skip(601)
        assert await names(ring, "a") == ["a"]
        await settled(source, 2)
        assert await names(ring, "a") == ["a"]
        source.well, source.names = True, ["b"]
        skip(10)
        assert await names(ring, "a") == ["a"], "asked for behind the back of this request"
        await settled(source, 3)
        assert await names(ring, "a") == []
        assert await names(ring, "b") == ["b"]

    run(story())


def test_after_a_failure_it_is_left_alone_for_a_while() -> None:
    async def story() -> None:
        source = Source(well=False)
        ring = Keyring(source, 10)
        for _ in range(5):
            with pytest.raises(RefusalError, match="down"):
                await ring.find("a")
        assert source.asked == 1
        source.well = True
        skip(6)
        assert await names(ring, "a") == ["a"]

    run(story())


async def settled(source: Source, asked: int) -> None:
    """Until it was asked so often, and its answer is there."""
    for _ in range(1000):
        await asyncio.sleep(0.01)
        if source.asked >= asked and not [one for one in threading.enumerate() if one.name == "jwks"]:
            await asyncio.sleep(0.01)
            return
    raise AssertionError(source)
