"""Token counters: published values, pathological text, and an event loop that goes on meanwhile."""

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable

import pytest

from app.gateway import encodings, tokens
from app.gateway.tokens import (
    MAX_COUNTED_BYTES,
    PIECE_CHARACTERS,
    AnthropicTokenCounter,
    OpenAITokenCounter,
    count_request,
    count_text,
    counter_for,
    pieces,
)

openai = OpenAITokenCounter()


@pytest.mark.parametrize(
    ("text", "model", "expected"),
    [
        ("tiktoken is great!", "gpt-4", 6),
        ("お誕生日おめでとう", "gpt-4", 9),
        ("お誕生日おめでとう", "gpt-4o", 8),
        ("hello world", "gpt-4o", 2),
        ("hello world", "a-model-nobody-knows", 2),
        ("<|endoftext|>", "gpt-4o", 7),
        ("", "gpt-4o", 0),
    ],
)
def test_published_counts(text: str, model: str, expected: int) -> None:
    assert openai.count(text, model) == expected


def test_claude_is_an_estimate() -> None:
    assert AnthropicTokenCounter().count("お誕生日おめでとう", "claude-sonnet-4-5") == 10
    assert counter_for("claude-sonnet-4-5").estimated
    assert not counter_for("gpt-4o").estimated


def test_ranks_come_from_the_package_and_are_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: pytest.fail("a download"))
    url = "https://example.invalid/encodings/cl100k_base.tiktoken"
    with pytest.raises(ValueError, match="cl100k_base"):
        encodings._read_ranks(url, "0" * 64)
    assert encodings.load("cl100k_base").encode("hello world") == [15339, 1917]


@pytest.mark.parametrize(
    "text",
    [
        "The quick brown fox; jumps over\n\n    the lazy dog.\n" * 3000,
        "def f(x):\n\treturn x   +  1\r\n\r\n" * 3000,
        "слово и ещё слово " * 6000,
    ],
)
def test_pieces_count_like_the_whole(text: str) -> None:
    cut = list(pieces(text))
    assert "".join(cut) == text
    assert len(cut) > 2
    assert max(map(len, cut)) <= PIECE_CHARACTERS
    for name, model in (("o200k_base", "gpt-4o"), ("cl100k_base", "gpt-4")):
        assert openai.count(text, model) == len(encodings.load(name).encode_ordinary(text))


async def lag_during(work: Callable[[], Awaitable[object]]) -> float:
    """The longest time in seconds the event loop did not come round while `work` was awaited."""
    longest = 0.0

    async def watch() -> None:
        nonlocal longest
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0)
            longest = max(longest, time.perf_counter() - before)

    watcher = asyncio.create_task(watch())
    await asyncio.sleep(0)
    await work()
    watcher.cancel()
    return longest


@pytest.mark.parametrize(
    "text", ["a" * 1_000_000, " " * 1_000_000, "\n" * 1_000_000, "^" * 1_000_000, "ab cd " * 300_000]
)
async def test_pathological_text_does_not_hold_up_the_loop(text: str) -> None:
    await count_text("warm", "gpt-4o")
    started = time.perf_counter()
    lag = await lag_during(lambda: count_text(text, "gpt-4o"))
    took = time.perf_counter() - started
    # counted on the loop, lag and duration would be the same; the slack is for a busy machine
    assert lag < max(took / 2, 0.1)


async def test_large_texts_are_estimated() -> None:
    assert await count_text("é" * (MAX_COUNTED_BYTES + 1), "gpt-4o") == (MAX_COUNTED_BYTES + 1) // 2 + 1
    body = b'{"messages":"' + b"x" * MAX_COUNTED_BYTES + b'"}'
    assert await count_request("chat/completions", body, "gpt-4o") == (-(-len(body) // 4), True)


async def test_requests() -> None:
    body = b'{"model":"x","messages":[{"role":"user","content":"hello world"}]}'
    assert await count_request("chat/completions", body, "gpt-4o") == (3 + 3 + 1 + 2, False)
    assert await count_request("chat/completions", body, "claude-sonnet-4-5") == (10, True)
    long = body.replace(b"hello world", b"hello world " * 2000)
    assert await count_request("chat/completions", long, "gpt-4o") == (3 + 3 + 1 + 4001, False)


def test_a_panic_of_the_tokenizer_is_survived() -> None:
    class PanicException(BaseException):  # the name the tokenizer's binding gives it
        pass

    class Panicking:
        def __init__(self, error: BaseException) -> None:
            self.error = error

        def encode_ordinary(self, text: str) -> list[int]:
            raise self.error

    assert tokens._count_piece(Panicking(PanicException()), "x" * 40) == 10  # type: ignore[arg-type]  # a double
    with pytest.raises(KeyboardInterrupt):
        tokens._count_piece(Panicking(KeyboardInterrupt()), "x")  # type: ignore[arg-type]  # a double


def test_lone_surrogates_are_counted() -> None:
    assert openai.count("a\ud800b", "gpt-4o") > 0
