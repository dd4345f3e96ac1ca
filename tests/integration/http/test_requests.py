"""Requests over one connection: each counts for what its own bytes say, however they come, whatever came before."""

import asyncio
import random

import msgspec
import pytest

from app.common.secrets import new_api_key
from app.domain.api_key import ApiKey
from app.gateway.pipeline import CLIENT_LEFT_STATUS
from tests.support.caller import Caller, post
from tests.support.hotpath import chat_body, hot_path, provider, route, snapshot_of, target, until
from tests.support.sockets import CLOSE, ScriptedUpstream, answer, chunk, head

OK = answer(b'{"ok":true}')
HEADERS = ("content-type: application/json", "X-Mixed: Case", "x-empty:")


def body_of(size: int) -> bytes:
    return msgspec.json.encode(chat_body(text="h" * size))


async def test_a_request_cut_anywhere_is_the_same_upstream() -> None:
    rng = random.Random(1)
    async with ScriptedUpstream([OK]) as upstream, hot_path(route([target(provider(upstream.url))])) as path:
        sent = post(path.key, body_of(3), headers=HEADERS)
        cuts: list[tuple[int, ...]] = [(at,) for at in range(len(sent))]
        cuts += [tuple(sorted(rng.sample(range(len(sent)), 3))) for _ in range(60)]
        cuts.append(tuple(range(len(sent))))
        caller = await Caller.dial(path.url)
        for places in cuts:
            for start, end in zip((0, *places), (*places, len(sent)), strict=True):
                caller.send(sent[start:end])
                await asyncio.sleep(0)
                await asyncio.sleep(0)
            assert (await caller.reply()).status == 200
        whole = {(request.target, request.head, request.body) for request in upstream.requests}
        assert len(whole) == 1
        assert len(upstream.requests) == len(cuts)
        heads = {tuple(record.request_headers) for record in await path.records.wait(len(cuts))}
        assert len(heads) == 1
        caller.leave()


async def test_equal_heads_with_bodies_of_all_lengths() -> None:
    async with ScriptedUpstream([OK]) as upstream, hot_path(route([target(provider(upstream.url))])) as path:
        caller = await Caller.dial(path.url)
        for size in (0, 0, 1, 5, 900, 1000, 50, 99_999, 3, 300_000, 0):
            body = body_of(size)
            caller.send(post(path.key, body, headers=HEADERS))
            assert (await caller.reply()).status == 200
            request = upstream.requests[-1]
            assert request.body == body.replace(b'"m"', b'"upstream-1"')
            assert request.header("content-length") == str(len(request.body))
            assert request.header("x-mixed") == "Case"
            record = (await path.records.wait(len(upstream.requests)))[-1]
            assert (b"content-length", b"%d" % len(body)) in record.request_headers
            assert record.request_size == len(body)
        assert len({tuple(request.headers[:-1]) for request in upstream.requests}) == 1
        caller.leave()


async def test_what_changes_in_a_head_counts_at_once() -> None:
    other = new_api_key()
    async with ScriptedUpstream([OK]) as upstream, hot_path(route([target(provider(upstream.url))])) as path:
        keys = {path.key: ApiKey(1, "one"), other: ApiKey(2, "two")}
        path.source.current = snapshot_of(*path.source.current.routes.values(), keys=keys)
        caller = await Caller.dial(path.url)
        for key, headers, target_of, name in (
            (path.key, ["x-a: 1"], "/v1/chat/completions", "one"),
            (path.key, ["x-a: 2"], "/v1/chat/completions", "one"),
            (other, ["x-a: 2"], "/v1/chat/completions", "two"),
            (other, ["x-b: 2"], "/v1/chat/completions?q=1", "two"),
            (other, ["x-b: 2"], "/v1/chat/completions", "two"),
            (other, ["x-b: 2"], "/v1/completions", "two"),
            (path.key, ["X-B: 2"], "/v1/completions", "one"),
        ):
            for _ in range(2):
                caller.send(post(key, path=target_of, headers=headers))
                assert (await caller.reply()).status == 200
                request = upstream.requests[-1]
                record = (await path.records.wait(len(upstream.requests)))[-1]
                assert request.target == target_of
                assert record.api_key_name == name
                sent = headers[0].lower().split(": ")
                assert [(n, v) for n, v in request.headers if n in ("x-a", "x-b")] == [tuple(sent)]
                assert (sent[0].encode(), sent[1].encode()) in record.request_headers
        caller.leave()


async def test_what_changes_in_the_configuration_counts_at_once() -> None:
    """The bytes of the head are known; what they may do is asked again each time."""
    async with (
        ScriptedUpstream([OK]) as first,
        ScriptedUpstream([OK]) as second,
        hot_path(route([target(provider(first.url))])) as path,
    ):
        caller = await Caller.dial(path.url)
        keys = {path.key: ApiKey(1, "tests")}

        async def status() -> int:
            caller.send(post(path.key))
            return (await caller.reply()).status

        assert [await status(), await status()] == [200, 200]
        moved = msgspec.structs.replace(provider(second.url), credential="sk-other")
        path.source.current = snapshot_of(route([target(moved)]), keys=keys)
        assert [await status(), await status()] == [200, 200]
        assert (len(first.requests), len(second.requests)) == (2, 2)
        assert {request.header("authorization") for request in second.requests} == {"Bearer sk-other"}
        path.source.current = snapshot_of(route([target(moved)]), keys={})
        assert [await status(), await status()] == [401, 401]
        path.source.current = snapshot_of(route([target(moved)]), keys=keys)
        assert await status() == 200
        path.source.current = snapshot_of(keys=keys)
        assert [await status(), await status()] == [404, 404]
        assert (len(first.requests), len(second.requests)) == (2, 3)
        caller.leave()


async def test_one_connection_for_requests_of_all_kinds() -> None:
    rng = random.Random(3)
    async with ScriptedUpstream([OK]) as upstream, hot_path(route([target(provider(upstream.url))])) as path:
        caller = await Caller.dial(path.url)
        body = body_of(10)
        pieces = chunk(body[:7]) + chunk(body[7:]) + chunk(b"")
        start = post(path.key).split(b"content-length")[0]
        kinds = [
            (post(path.key, body), 200),
            (post(path.key, body), 200),
            (post(path.key, body_of(70_000)), 200),
            (start + b"transfer-encoding: chunked\r\n\r\n" + pieces, 200),
            (b"\r\n\r\n" + post(path.key, body), 200),
            (b"\r\n" + post(path.key, body), 200),
            (post("wrong", body), 401),
            (post(path.key, b"{"), 400),
            (
                b"GET /v1/models HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer %b\r\n\r\n"
                % path.key.encode(),
                200,
            ),
            (b"GET /nowhere HTTP/1.1\r\nhost: gateway\r\n\r\n", 404),
            (b"OPTIONS /v1/messages HTTP/1.1\r\nhost: gateway\r\n\r\n", 405),
        ]
        for _ in range(40):
            asked = rng.choices(kinds, k=rng.choice([1, 1, 2, 3, 5]))
            caller.send(b"".join(sent for sent, _ in asked))
            assert [(await caller.reply()).status for _ in asked] == [status for _, status in asked]
        caller.leave()


async def test_trailers_are_no_headers() -> None:
    async with ScriptedUpstream([OK]) as upstream, hot_path(route([target(provider(upstream.url))])) as path:
        caller = await Caller.dial(path.url)
        start = post(path.key).split(b"content-length")[0]
        sent = start + b"transfer-encoding: chunked\r\n\r\n" + chunk(body_of(1)) + b"0\r\nx-late: 1\r\n\r\n"
        caller.send(sent * 2)  # the second goes another way, as it has to wait
        for _ in range(2):
            assert (await caller.reply()).status == 200
        for request, record in zip(upstream.requests, await path.records.wait(2), strict=True):
            assert request.header("x-late") is None
            assert b"x-late" not in [name for name, _ in record.request_headers]
        caller.leave()


async def test_a_body_is_asked_for_when_it_is_wanted() -> None:
    async with ScriptedUpstream([OK]) as upstream, hot_path(route([target(provider(upstream.url))])) as path:
        caller = await Caller.dial(path.url)
        sent = post(path.key, headers=["expect: 100-continue"])
        at = sent.index(b"\r\n\r\n") + 4
        for _ in range(2):
            caller.send(sent[:at])
            assert (await caller.reply()).status == 100
            caller.send(sent[at:])
            assert (await caller.reply()).status == 200
        caller.send(sent.replace(path.key.encode(), b"wrong")[: at + len(b"wrong") - len(path.key)])
        assert (await caller.reply()).status == 401
        assert len(upstream.requests) == 2
        caller.leave()


async def test_the_rest_of_a_refused_body_is_passed_over() -> None:
    async with ScriptedUpstream([OK]) as upstream, hot_path(route([target(provider(upstream.url))])) as path:
        caller = await Caller.dial(path.url)
        sent = post("wrong", body_of(30_000))
        for cut in (sent.index(b"\r\n\r\n") + 4, 1000, len(sent) - 1):
            caller.send(sent[:cut])
            assert (await caller.reply()).status == 401
            caller.send(sent[cut:] + post(path.key))
            assert (await caller.reply()).status == 200
        assert len(upstream.requests) == 3
        caller.leave()


async def test_nothing_is_taken_for_a_request_after_the_last_one() -> None:
    go_on = asyncio.Event()
    async with (
        ScriptedUpstream([go_on, OK]) as upstream,
        hot_path(route([target(provider(upstream.url))])) as path,
    ):
        caller = await Caller.dial(path.url)
        last = post(path.key, headers=["connection: close"])
        caller.send(last)
        await upstream.arrived.wait()
        go_on.set()
        reply = await caller.reply()
        caller.send(post(path.key))
        assert reply.header("connection") == "close"
        assert await caller.is_closed()
        assert len(upstream.requests) == 1


async def test_bytes_after_a_body_that_are_no_request() -> None:
    async with ScriptedUpstream([OK]) as upstream, hot_path(route([target(provider(upstream.url))])) as path:
        for before in (b"", post(path.key)):
            caller = await Caller.dial(path.url)
            if before:
                caller.send(before)
                await caller.reply()
            caller.send(post(path.key) + b"\0\0\0\0")
            assert (await caller.reply()).status == 400
            assert await caller.is_closed()
        await until(lambda: path.pipeline.metrics.in_flight == 0)
        records = await path.records.wait(3)
        assert sorted(record.status or 0 for record in records) == [200, *[CLIENT_LEFT_STATUS] * 2]


@pytest.mark.parametrize("status", [600, 799, 999])
async def test_a_status_without_a_name(status: int) -> None:
    odd = b"HTTP/1.1 %d Odd\r\ncontent-length: 2\r\n\r\n{}" % status
    async with (
        ScriptedUpstream([odd], [OK]) as upstream,
        hot_path(route([target(provider(upstream.url))])) as path,
    ):
        caller = await Caller.dial(path.url)
        caller.send(post(path.key))
        reply = await caller.reply()
        assert reply.status >= 500 or len(upstream.requests) == 2
        caller.send(post(path.key))
        assert (await caller.reply()).status == 200
        caller.leave()


async def test_an_answer_cut_short_is_no_whole_answer() -> None:
    cut = [head(), chunk(b"data: {"), b"5\r\nab"]
    async with ScriptedUpstream() as upstream, hot_path(route([target(provider(upstream.url))])) as path:
        upstream.script = lambda number: [*cut, CLOSE]
        caller = await Caller.dial(path.url)
        caller.send(post(path.key, stream=True))
        with pytest.raises(asyncio.IncompleteReadError):
            await caller.reply()
        caller.leave()
        (record,) = await path.records.wait(1)
        assert record.end_reason == "truncated"


async def endlessly(caller: Caller, piece: bytes) -> None:
    for _ in range(10_000):
        caller.send(piece)
        await caller.writer.drain()


@pytest.mark.parametrize("first", [b"GET /v1/models HTTP/1.1\r\n", b"POST /v1/chat/completions HTTP/1.1\r\n"])
@pytest.mark.parametrize("lines", [b"x-long: ", b""], ids=["one field", "many fields"])
async def test_a_head_without_end_is_cut(first: bytes, lines: bytes) -> None:
    async with ScriptedUpstream([OK]) as upstream, hot_path(route([target(provider(upstream.url))])) as path:
        caller = await Caller.dial(path.url)
        caller.send(first, lines)
        with pytest.raises(ConnectionError):
            await endlessly(caller, b"x" * 50_000 if lines else b"x-a: 12\r\n" * 5_000)
        caller.leave()
        await until(lambda: path.pipeline.metrics.in_flight == 0)
        assert not upstream.requests


async def test_trailers_without_end_are_cut() -> None:
    async with ScriptedUpstream([OK]) as upstream, hot_path(route([target(provider(upstream.url))])) as path:
        caller = await Caller.dial(path.url)
        start = post(path.key).split(b"content-length")[0]
        caller.send(start + b"transfer-encoding: chunked\r\n\r\n" + chunk(body_of(1)) + b"0\r\n")
        with pytest.raises(ConnectionError):
            await endlessly(caller, b"x-a: 12\r\n" * 5_000)
        caller.leave()
        (record,) = await path.records.wait(1)
        assert record.status == CLIENT_LEFT_STATUS
        assert not upstream.requests
