"""Our server protocol against uvicorn's own: each request of a table has the same answers and effects behind both."""

import operator
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
from litestar import Litestar

from app.api.errors import EXCEPTION_HANDLERS
from app.api.proxy.pipeline import STATE_KEY
from app.api.proxy.router import ROUTES
from app.config import Settings
from tests.support.caller import Caller, Reply, post
from tests.support.hotpath import HotPath, hot_path, provider, route, served, target, until
from tests.support.sockets import ScriptedUpstream, Step, answer, chunk, head
from tests.support.sse import openai_stream

MOST = 100_000
"""Bytes of a body that are accepted."""

BODY = b'{"model":"m","messages":[{"role":"user","content":"hi"}]}'
STREAM = b'{"model":"m","stream":true,"messages":[{"role":"user","content":"hi"}]}'
LONG = b'{"model":"m","messages":[{"role":"user","content":"' + b"h" * 90_000 + b'"}]}'
MODELS = b"GET /v1/models HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer KEY\r\n\r\n"
OPTIONS = b"OPTIONS /v1/chat/completions HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer KEY\r\n\r\n"
PLAIN = post("KEY", BODY)


def lines(*more: bytes, first: bytes = b"POST /v1/chat/completions HTTP/1.1", key: bytes = b"KEY") -> bytes:
    """The head of a request without framing, but for `more`."""
    own = (first, b"host: gateway", b"authorization: Bearer " + key)
    return b"\r\n".join([*own, *more]) + b"\r\n\r\n"


def sized(*more: bytes, body: bytes = BODY, **options: bytes) -> bytes:
    return lines(*more, b"content-length: %d" % len(body), **options) + body


def chunked(*pieces: bytes, end: bytes = b"0\r\n\r\n", more: Sequence[bytes] = ()) -> bytes:
    return lines(*more, b"transfer-encoding: chunked") + b"".join(map(chunk, pieces)) + end


class Case(msgspec.Struct):
    sent: bytes
    statuses: list[int]
    """Of the answers, in their order."""
    is_open: bool | None = True
    """Another request may follow on the same connection; None: as each likes, since ours looks at what has come of a
    body before it decides."""


USUAL = {
    "plain": Case(PLAIN, [200]),
    "stream": Case(sized(body=STREAM), [200]),
    "long": Case(sized(body=LONG), [200]),
    "same again": Case(PLAIN * 3, [200] * 3),
    "pipelined, with others": Case(PLAIN + MODELS + OPTIONS + PLAIN, [200, 200, 405, 200]),
    "others first": Case(MODELS + PLAIN + MODELS, [200] * 3),
    "streams after each other": Case(sized(body=STREAM) * 2 + PLAIN, [200] * 3),
    "long ones after each other": Case(sized(body=LONG) * 2 + MODELS, [200] * 3),
}

WAYS = {
    "query": Case(sized(first=b"POST /v1/chat/completions?beta=true&x=%20y HTTP/1.1"), [200]),
    "query of odd bytes": Case(sized(first=b"POST /v1/chat/completions?a=\"<>|'`{}^ HTTP/1.1"), [200]),
    "empty query": Case(sized(first=b"POST /v1/chat/completions? HTTP/1.1"), [200]),
    "fragment": Case(sized(first=b"POST /v1/chat/completions?a=b#c HTTP/1.1"), [200]),
    "absolute form": Case(sized(first=b"POST http://gateway/v1/chat/completions HTTP/1.1"), [200]),
    "percent-encoded": Case(sized(first=b"POST /v1/chat%2Fcompletions HTTP/1.1"), [200]),
    "slash at the end": Case(sized(first=b"POST /v1/chat/completions/ HTTP/1.1"), [200]),
    "two slashes": Case(sized(first=b"POST //v1/chat/completions HTTP/1.1"), [200]),
    "asterisk": Case(sized(first=b"OPTIONS * HTTP/1.1"), [404]),
    "other method": Case(sized(first=b"PUT /v1/chat/completions HTTP/1.1"), [405]),
    "HTTP/1.0": Case(sized(first=b"POST /v1/chat/completions HTTP/1.0"), [200], is_open=False),
    "HTTP/1.0 kept alive": Case(
        sized(b"connection: keep-alive", first=b"POST /v1/chat/completions HTTP/1.0"), [200], is_open=False
    ),
    "connection: close": Case(sized(b"connection: close"), [200], is_open=False),
    "stream, connection: close": Case(sized(b"connection: close", body=STREAM), [200], is_open=False),
    "Connection: Close": Case(sized(b"Connection: Close"), [200], is_open=False),
    "connection: keep-alive": Case(sized(b"connection: keep-alive"), [200]),
    "connection names headers": Case(
        sized(b"connection: x-one, keep-alive", b"x-one: 1", b"x-two: 2"), [200]
    ),
    "upgrade": Case(sized(b"connection: upgrade", b"upgrade: websocket"), [400]),
    "h2c": Case(sized(b"connection: upgrade, http2-settings", b"upgrade: h2c", b"http2-settings: AA"), [400]),
}

HEADERS = {
    "names in upper case": Case(PLAIN.replace(b"content-length", b"CONTENT-LENGTH"), [200]),
    "odd names": Case(sized(b"X_under-Score.dot!#$%&'*+^`|~: 1", b"x-Empty:", b"x-empty:   "), [200]),
    "no spaces": Case(PLAIN.replace(b": ", b":"), [200]),
    "many spaces": Case(PLAIN.replace(b": ", b":  \t "), [200]),
    "spaces after": Case(PLAIN.replace(b"\r\n\r\n", b"  \t\r\n\r\n"), [400], is_open=None),
    "values of high bytes": Case(sized(b"x-high: \xc3\xa4\xff\x80"), [200]),
    "tab in a value": Case(sized(b"x-tab: a\tb"), [200]),
    "same name twice": Case(sized(b"x-a: 1", b"x-b: 2", b"X-A: 3"), [200]),
    "folded": Case(sized(b"x-folded: a", b" b"), [400], is_open=False),
    "name with a space": Case(sized(b"x spaced: a"), [400], is_open=False),
    "space before the colon": Case(sized(b"x-spaced : a"), [400], is_open=False),
    "no name": Case(sized(b": a"), [400], is_open=False),
    "no colon": Case(sized(b"nothing"), [400], is_open=False),
    "NUL in a value": Case(sized(b"x-nul: a\0b"), [400], is_open=False),
    "CR in a value": Case(sized(b"x-cr: a\rb"), [400], is_open=False),
    "bare LFs": Case(PLAIN.replace(b"\r\n", b"\n"), [400], is_open=False),
    "other version": Case(sized(first=b"POST /v1/chat/completions HTTP/3.7"), [400], is_open=False),
    "HTTP/2": Case(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", [400], is_open=False),
    "garbage": Case(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", [400], is_open=False),
    "empty lines before": Case(b"\r\n\r\n\r\n" + PLAIN, [200]),
    "a million bytes of headers": Case(sized(b"x-long: " + b"a" * 1_000_000), [431]),
    "many headers": Case(sized(*(b"x-%d: %d" % (n, n) for n in range(500))), [200]),
    "head of 9 kB": Case(sized(b"x-long: " + b"a" * 9000) * 2, [200] * 2),
}

BODIES = {
    "chunked": Case(chunked(BODY[:5], BODY[5:6], BODY[6:]), [200]),
    "chunked, long": Case(chunked(LONG[:70_000], LONG[70_000:]), [200]),
    "chunked, twice": Case(chunked(BODY) * 2 + PLAIN, [200] * 3),
    "chunks with extensions": Case(chunked(BODY).replace(b"39\r\n", b'39;a=b;c="d"\r\n'), [200]),
    "chunk sizes with zeros": Case(chunked(BODY).replace(b"39\r\n", b"0000039\r\n"), [200]),
    "chunk size that is none": Case(chunked(BODY).replace(b"39\r\n", b"xyz\r\n"), [400], is_open=False),
    "chunk too short": Case(chunked(BODY).replace(b"39\r\n", b"38\r\n"), [400], is_open=False),
    "chunked and sized": Case(chunked(BODY, more=[b"content-length: %d" % len(BODY)]), [400], is_open=False),
    "coding before chunked": Case(
        lines(b"transfer-encoding: gzip, chunked") + chunk(BODY) + chunk(b""), [200]
    ),
    "coding after chunked": Case(
        lines(b"transfer-encoding: chunked, gzip") + chunk(BODY) + chunk(b""), [400], is_open=False
    ),
    "chunked twice": Case(
        lines(b"transfer-encoding: chunked", b"transfer-encoding: chunked") + chunk(BODY) + chunk(b""),
        [400],
        is_open=False,
    ),
    "no framing": Case(lines(), [400]),
    "no framing, then the next": Case(lines() + PLAIN, [400, 200]),
    "empty body": Case(sized(body=b""), [400]),
    "zeros before the length": Case(PLAIN.replace(b"length: ", b"length: 000"), [200]),
    "plus before the length": Case(PLAIN.replace(b"length: ", b"length: +"), [400], is_open=False),
    "minus before the length": Case(PLAIN.replace(b"length: ", b"length: -"), [400], is_open=False),
    "hexadecimal length": Case(PLAIN.replace(b"length: ", b"length: 0x"), [400], is_open=False),
    "two lengths": Case(sized(b"content-length: 5"), [400], is_open=False),
    "the same length twice": Case(sized(b"content-length: %d" % len(BODY)), [400], is_open=False),
    "lengths with a comma": Case(lines(b"content-length: 57, 57") + BODY, [400], is_open=False),
    "no length": Case(lines(b"content-length:") + BODY, [400], is_open=False),
    "length beyond all": Case(lines(b"content-length: 99999999999999999999999"), [400], is_open=False),
    "an empty line after the body": Case(PLAIN + b"\r\n" + PLAIN, [200, 200]),
    "no JSON": Case(sized(body=b"{{{"), [400]),
    "other model": Case(sized(body=BODY.replace(b'"m"', b'"unknown"')), [404]),
    "compressed": Case(sized(b"content-encoding: gzip"), [415]),
}

REFUSED = {
    "wrong key": Case(sized(key=b"wrong") + PLAIN, [401, 200]),
    "no key": Case(PLAIN.replace(b"authorization", b"x-other"), [401]),
    "two keys": Case(sized(b"x-api-key: sk-other"), [400]),
    "wrong key, long": Case(sized(key=b"wrong", body=LONG), [401], is_open=None),
    "wrong key, chunked": Case(chunked(BODY).replace(b"KEY", b"wrong"), [401], is_open=None),
    "too long": Case(sized(body=b"x" * (MOST + 1)), [413], is_open=None),
    "much too long": Case(sized(body=b"x" * (4 * MOST)), [413], is_open=False),
    "too long, in chunks": Case(chunked(*[b"x" * 30_000] * 5), [413], is_open=None),
}

ASKING = {
    "expect": Case(sized(b"expect: 100-continue"), [200]),
    "expect something else": Case(sized(b"expect: the-unexpected"), [200]),
}


GROUPS = {
    "usual": USUAL,
    "ways": WAYS,
    "headers": HEADERS,
    "bodies": BODIES,
    "refused": REFUSED,
    "asking": ASKING,
}


@asynccontextmanager
async def both(**options: Any) -> AsyncIterator[tuple[HotPath, str, ScriptedUpstream]]:
    """One gateway, the address of the same behind uvicorn's own protocol, and its upstream."""
    stream = openai_stream("Hello", " there", usage={"prompt_tokens": 3, "completion_tokens": 2})

    def script(number: int) -> Sequence[Step]:
        if b'"stream":true' in upstream.requests[number].body:
            return [head(), chunk(stream[:50]), chunk(stream[50:]), chunk(b"")]
        return [answer(b'{"ok":true}', 200, ("X-Upstream", "Yes"), ("Server", "x"))]

    async with ScriptedUpstream() as upstream:
        upstream.script = script
        async with hot_path(
            route([target(provider(upstream.url))]), settings=Settings(max_body_bytes=MOST), **options
        ) as path:
            application = Litestar(
                list(ROUTES), exception_handlers=EXCEPTION_HANDLERS, openapi_config=None, logging_config=None
            )
            application.state[STATE_KEY] = path.pipeline
            async with served(application) as url:
                yield path, url, upstream


async def outcome(url: str, sent: bytes, expected: int) -> tuple[list[Reply], bool]:
    """The answers to what is sent, and whether the connection may be used again."""
    caller = await Caller.dial(url)
    caller.send(sent)
    replies: list[Reply] = []
    while len(replies) < expected:
        reply = await caller.reply()
        if reply.status >= 200:
            replies.append(reply)
    caller.send(b"GET /nowhere HTTP/1.1\r\nhost: gateway\r\n\r\n")
    is_open = not await caller.is_closed()
    caller.leave()
    return replies, is_open


def plain(reply: Reply, case: Case) -> tuple[object, ...]:
    """What has to be equal; the order of headers with different names says nothing."""
    own = (reply.header("x-request-id") or "none").encode()
    passed = {"date", "x-request-id"} | ({"connection"} if case.is_open is None else set())
    headers = sorted((pair for pair in reply.headers if pair[0] not in passed), key=operator.itemgetter(0))
    return reply.status, headers, reply.body.replace(own, b"ID")


RECORDED = (
    *("status", "error_code", "end_reason", "path", "is_stream", "requested_model", "request_headers"),
    *("request_body", "request_size", "response_body", "response_size", "usage", "client_ip"),
)


@pytest.mark.parametrize("cases", GROUPS.values(), ids=GROUPS)
async def test_both_answer_alike(cases: dict[str, Case]) -> None:
    async with both() as (path, url, upstream):
        for name, case in cases.items():
            seen = []
            for address in (path.url, url):
                upstream.requests.clear()
                path.records.all.clear()
                replies, is_open = await outcome(
                    address, case.sent.replace(b"KEY", path.key.encode()), len(case.statuses)
                )
                assert [reply.status for reply in replies] == case.statuses, name
                assert case.is_open is None or is_open == case.is_open, name
                await until(lambda: path.pipeline.metrics.in_flight == 0)
                await path.pipeline.drain()
                path.records.all.sort(key=lambda record: record.request_time)
                seen.append(
                    (
                        [plain(reply, case) for reply in replies],
                        [(sent.target, sent.head, sent.body) for sent in upstream.requests],
                        [[getattr(record, part) for part in RECORDED] for record in path.records.all],
                    )
                )
            for ours, theirs in zip(*seen, strict=True):
                assert ours == theirs, name
