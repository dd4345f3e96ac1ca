"""Masking: nothing secret survives, nothing else is touched, and hostile text takes no longer than plain text."""

import base64
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.common.headers import CREDENTIALS
from app.common.sanitizer import (
    MIN_MEDIA_CHARACTERS,
    headers_without,
    is_clean,
    redact,
    sanitize_authorization,
    sanitize_headers,
    without,
)

SECRETS = [
    "sk-0123456789abcdefghij",
    "sk-proj-0123456789_ABC-def",
    "sk-ant-api03-0123456789abcdef",
    "sk-or-v1-0123456789abcdef",
    "gwk_0123456789abcdefghijABCDEFGHIJ",
    "AIzaSyA0123456789abcdefghijklmnopqrstu",
    "ghp_0123456789abcdefghij",
    "github_pat_0123456789abcdef",
    "xoxb-0123456789-abcdef",
    "AKIAIOSFODNN7EXAMPLE",
    "gsk_0123456789abcdef",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NSJ9.c2lnbmF0dXJl",
]


@pytest.mark.parametrize(
    ("value", "masked"),
    [
        ("Bearer sk-abcdef123456", "Bearer sk-***...***"),
        ("Bearer sk-ant-api03-xyz", "Bearer sk-ant-***...***"),
        ("bearer gwk_abc", "bearer gwk_***...***"),
        ("Bearer  something", "Bearer ***...***"),
        ("Basic dXNlcjpwYXNz", "Basic ***...***"),
        ("sk-proj-abc", "sk-proj-***...***"),
        ("a=b; c=d", "***...***"),
        ("secret words", "***...***"),
        ("Bearer", "***...***"),
        ("", "***...***"),
    ],
)
def test_authorization(value: str, masked: str) -> None:
    assert sanitize_authorization(value) == masked


@pytest.mark.parametrize("name", sorted(CREDENTIALS))
def test_credential_headers_in_every_spelling(name: bytes) -> None:
    for spelling in (name, name.upper(), name.title(), name.replace(b"-", b"_")):
        for value in (b"Bearer canary", b"canary", b"x canary", b"Basic canary", b"\xff canary"):
            ((_, masked),) = sanitize_headers([(spelling, value)])
            assert "canary" not in masked


def test_other_headers_keep_their_values_but_for_secrets() -> None:
    raw = [
        (b"accept", b"*/*"),
        (b"x-note", b"key sk-0123456789abcdefghij, \xe9"),
        (b"x-a", b"Bearer abcdefgh12"),
    ]
    assert sanitize_headers(raw) == [
        ("accept", "*/*"),
        ("x-note", "key sk-***...***, é"),
        ("x-a", "Bearer ***...***"),
    ]


@pytest.mark.parametrize("secret", SECRETS)
def test_secrets_in_bodies(secret: str) -> None:
    quoted = json.dumps({"args": json.dumps({"key": secret})})
    for text in (
        f'{{"a":"{secret}"}}',
        f"use {secret}, then",
        f"key={secret}\\n",
        f"https://x/{secret}/y",
        quoted,
        secret,
    ):
        clean = redact(text.encode()).decode()
        assert secret[8:] not in clean
        assert "***...***" in clean
    around = redact(f'{{"model":"gpt-4o","x":"{secret}","stream":true}}'.encode())
    assert json.loads(around) | {"x": ""} == {"model": "gpt-4o", "x": "", "stream": True}


@pytest.mark.parametrize("offset", range(0, 90, 7))
def test_secrets_at_any_place_of_a_run(offset: int) -> None:
    text = b"/" + b"a/" * offset + SECRETS[0].encode() + b"/b" * (90 - offset)
    assert SECRETS[0][8:].encode() not in redact(text)


def test_tokens_pem_and_named_fields() -> None:
    pem = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nMIIcanary+/=\n-----END RSA PRIVATE KEY-----"
    texts = [
        "Authorization: Bearer canary.canary-canary",
        pem + "\nafter",
        json.dumps({"k": pem + "\nafter"}),
        json.dumps({"k": pem[:60]}),
        '{"api_key": "canary"}',
        '{"X-API-Key":"canary", "after":1}',
        '{"args":"{\\"db_password\\": \\"canary\\"}", "after":1}',
        '{"authorization_token" : "canary"}',
        '{"client_secret":"canary"}',
    ]
    for text in texts:
        clean = redact(text.encode())
        assert b"canary" not in clean, text
        assert (b"after" in clean) == ("after" in text), text


@pytest.mark.parametrize(
    "text",
    [
        "task-0123456789abcdefghijkl",
        "ask-me-anything-about-this-project",
        '{"password":{"type":"string"},"max_tokens":5}',
        "scikit-learn sk-learn",
        "The bearer of this letter",
        "eyJust a word. And another. And one more",
        "a" * (MIN_MEDIA_CHARACTERS - 1),
        '{"usage":{"prompt_tokens":5}}',
    ],
)
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert redact(text.encode()) == text.encode()


def test_media_become_a_note() -> None:
    png = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(5000)).decode()
    assert redact(f'{{"url":"data:image/png;base64,{png}"}}'.encode()) == b'{"url":"[image/png, 5010 bytes]"}'
    assert redact(f'{{"data":"{png}"}}'.encode()) == b'{"data":"[image/png, 5010 bytes]"}'
    assert redact(b'{"data":"' + b"QUJD" * 200 + b'"}') == b'{"data":"[base64, 600 bytes]"}'
    escaped = png.replace("/", "\\/")
    assert b"[image/png" in redact(f'{{"data":"{escaped}"}}'.encode())
    named = b"data:text/plain;charset=utf-8;base64,QUJD"
    assert redact(named) == b"[text/plain, 3 bytes]"


def test_a_known_secret_is_masked_whatever_it_looks_like() -> None:
    secret = "looks+like/nothing=much"
    text = f"no: {secret}, {secret}".encode()
    assert without(text, secret) == b"no: ***...***, ***...***"
    assert headers_without([(b"x", text), (b"y", b"z")], secret) == [
        (b"x", without(text, secret)),
        (b"y", b"z"),
    ]


@pytest.mark.parametrize("placeholder", [None, "none", "not-needed"])
def test_a_placeholder_is_no_secret(placeholder: str | None) -> None:
    assert without(b"none is not-needed", placeholder) == b"none is not-needed"
    assert headers_without([(b"x", b"not-needed")], placeholder) == [(b"x", b"not-needed")]


@given(st.binary(max_size=200))
def test_any_bytes_are_survived(body: bytes) -> None:
    redact(body)
    sanitize_headers([(body, body), (b"authorization", body)])


@pytest.mark.parametrize(
    "unit",
    [
        b"sk-", b"-----BEGIN A-----", b"-----BEGIN ", b'"', b'\\"', b"data:a/b;base64,", b"data:a/b;c=d;", b"eyJ", b"a",
        b'"api_key":', b'"api_key":"', b"bearer ", b"eyJabcdefgh.", b"\\", b"AKIA", b"a/" * 40 + b" ",
    ],
)  # fmt: skip
def test_time_is_linear(unit: bytes) -> None:
    """A megabyte of the worst kind; a quadratic reader would take minutes."""
    text = unit * (1_000_000 // len(unit))
    started = time.perf_counter()
    redact(text)
    assert time.perf_counter() - started < 5


@given(st.integers(0, 1500), st.integers(MIN_MEDIA_CHARACTERS, 3000), st.integers(0, 1500))
def test_media_are_found_wherever_they_stand(before: int, length: int, after: int) -> None:
    words = b"some words of a text "
    body = words * (before // 21) + b"A" * length + b" " + words * (after // 21)
    assert redact(body) == words * (before // 21) + b"[base64, %d bytes] " % (length * 3 // 4) + words * (
        after // 21
    )


PIECES = [
    *(secret.encode() for secret in SECRETS),
    *(secret.encode()[:12] for secret in SECRETS),
    b"sk-", b"gwk_", b"AKIA", b"eyJ", b"eyJhbGciOiJI.", b"Bearer ", b"basic  ", b"bearer", b"-----BEGIN A-----",
    b'"password"', b'\\"api_key\\"', b'"', b'\\"', b":", b": ", b"secret", b";base64,", b"data:a/b", b"QUJD", b" ",
    b"A" * MIN_MEDIA_CHARACTERS, b"a/" * 255, b"x", b"0123456789", b"\n", b"\xff", b"\0", "é".encode(), b"_", b"-----",
    b"-", b".",
]  # fmt: skip
texts = st.one_of(st.lists(st.sampled_from(PIECES), max_size=12).map(b"".join), st.binary(max_size=100))


@given(texts)
def test_a_quick_look_finds_what_the_expressions_find(text: bytes) -> None:
    """A text with a secret behind it gets no quick look; what stands before must come out the same."""
    assert redact(text + b"\0 " + SECRETS[0].encode()) == redact(text) + b"\0 sk-***...***"


@given(st.lists(texts, max_size=4), st.lists(texts, max_size=4))
def test_nothing_is_missed_among_clean_texts(bodies: list[bytes], others: list[bytes]) -> None:
    if is_clean(bodies, others):
        assert [redact(body) for body in bodies] == bodies
        assert [value for _, value in sanitize_headers([(b"x", other) for other in others])] == [
            other.decode("latin-1") for other in others
        ]


def test_headers_need_no_spaces_to_be_clean() -> None:
    assert is_clean([], [b"a" * 2000])
    assert not is_clean([b"a" * 2000])
    assert not is_clean([b"clean"], [b"key " + SECRETS[0].encode()])
