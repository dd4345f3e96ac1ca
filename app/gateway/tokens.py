"""Counts tokens without holding up the event loop. How the parts of a request add up is in `protocols/counting.py`.

tiktoken itself is next door in `encodings.py`.
"""

import asyncio
import math
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Protocol, TypeVar

from app.protocols import counting
from app.protocols.counting import Family

if TYPE_CHECKING:
    import tiktoken

INLINE_CHARACTERS = 4096
"""Up to this size counting takes less time than handing it to a thread."""
MAX_COUNTED_BYTES = 8 * 1024 * 1024
"""Larger texts and bodies are estimated from their size."""
PIECE_CHARACTERS = 32_768
"""Text is counted in pieces: tiktoken panics on a million blanks, and builds its result under the interpreter lock."""

_pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="tokens")
_T = TypeVar("_T")


class TokenCounter(Protocol):
    """Counts the tokens of a text, on the calling thread."""

    estimated: bool

    def count(self, text: str, model: str) -> int: ...


class OpenAITokenCounter:
    """tiktoken with the encoding of the model; `o200k_base` for models it does not know."""

    estimated = False

    def count(self, text: str, model: str) -> int:
        encoding = _encoding(_family(model).encoding)
        return sum(_count_piece(encoding, piece) for piece in pieces(text))


class AnthropicTokenCounter:
    """An estimate: Claude's tokenizer is not public. Recorded traffic has 1.01 to 1.42 tokens for one of o200k_base."""

    estimated = True

    def __init__(self) -> None:
        self._openai = OpenAITokenCounter()

    def count(self, text: str, model: str) -> int:
        return math.ceil(_family(model).ratio * self._openai.count(text, model))


_openai = OpenAITokenCounter()
_anthropic = AnthropicTokenCounter()


def counter_for(model: str) -> TokenCounter:
    return _openai if _family(model).ratio == 1 else _anthropic


async def count_text(text: str, model: str) -> int:
    """Tokens of a text as `model` counts them, or an estimate (`counter_for(model).estimated`)."""
    if len(text) > MAX_COUNTED_BYTES:
        return counting.estimate(len(text.encode("utf-8", "surrogatepass")))
    return await _run(len(text), model, partial(counter_for(model).count, text, model))


async def count_request(endpoint: str, body: bytes, model: str) -> tuple[int, bool]:
    """Input tokens of a request body, and whether they are an estimate.

    :param endpoint: name of the route (`protocols/endpoints.py`).
    """
    if len(body) > MAX_COUNTED_BYTES:
        return counting.estimate(len(body)), True
    count = partial(_openai.count, model=model)
    return await _run(
        len(body), model, partial(counting.count_request, endpoint, body, _family(model), count)
    )


async def _run(size: int, model: str, count: Callable[[], _T]) -> _T:
    if size <= INLINE_CHARACTERS and _family(model).encoding in _loaded:
        return count()
    return await asyncio.get_running_loop().run_in_executor(_pool, count)


def pieces(text: str) -> Iterator[str]:
    """The text in pieces of bounded length, cut where the encodings cut too: after a line end or before a space."""
    start, length = 0, len(text)
    while length - start > PIECE_CHARACTERS:
        end = start + PIECE_CHARACTERS
        cut = text.rfind("\n", start, end) + 1
        if cut <= start:
            cut = text.rfind(" ", start + 1, end)
        if cut <= start:
            cut = end
        yield text[start:cut]
        start = cut
    yield text[start:]


def _count_piece(encoding: "tiktoken.Encoding", piece: str) -> int:
    try:
        return len(encoding.encode_ordinary(piece))
    except BaseException as error:
        if (
            type(error).__name__ != "PanicException"
        ):  # tiktoken's Rust side; no subclass of Exception, nowhere to import from
            raise
        return counting.estimate(len(piece.encode("utf-8", "surrogatepass")))


_family = lru_cache(maxsize=1024)(Family)
_loaded: "dict[str, tiktoken.Encoding]" = {}


def _encoding(name: str) -> "tiktoken.Encoding":
    encoding = _loaded.get(name)
    if encoding is None:
        from app.gateway import encodings

        encoding = _loaded[name] = encodings.load(name)
    return encoding
