"""Names of models in paths: one segment, whatever they hold."""

from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api.admin.model_paths import PREFIX, encoded

NAMES = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1)


@given(
    NAMES,
    st.sampled_from(
        [
            "",
            "/targets",
            "/targets/7",
            "/targets/order",
            "/tests",
            "/tests/7",
            "/tests/run",
            "/tests/from-log",
        ]
    ),
)
def test_an_escaped_name_comes_back(name: str, below: str) -> None:
    path = encoded(f"{PREFIX}{quote(name, safe='')}{below}".encode())
    segment, slash, rest = path.removeprefix(PREFIX).partition("/")
    assert unquote(segment) == name
    assert slash + rest == below


@given(st.binary())
def test_any_bytes_are_a_path(raw: bytes) -> None:
    path = encoded(PREFIX.encode() + raw)
    assert path.startswith(PREFIX)
    assert path.isascii()


@pytest.mark.parametrize(
    ("raw", "segment", "below"),
    [
        (b"meta-llama/Llama-3", "meta-llama/Llama-3", ""),
        (b"meta-llama/Llama-3/", "meta-llama/Llama-3", ""),
        (b"meta-llama/Llama-3/targets/7", "meta-llama/Llama-3", "/targets/7"),
        (b"a/targets/order/", "a", "/targets/order"),
        (b"targets", "targets", ""),
        (b"a%2Ftargets", "a/targets", ""),
        (b"a/targets/x", "a/targets/x", ""),
        (b"meta-llama/Llama-3/tests/7", "meta-llama/Llama-3", "/tests/7"),
        (b"a/tests/run/", "a", "/tests/run"),
        (b"a/tests/x", "a/tests/x", ""),
    ],
)
def test_unescaped_slashes(raw: bytes, segment: str, below: str) -> None:
    assert encoded(PREFIX.encode() + raw) == PREFIX + quote(segment, safe="") + below
