"""From a name to a connection: what is looked up, remembered and refused, and which address wins."""

import asyncio
import ipaddress
import socket
from collections.abc import Sequence

import httpx
import pytest

from app.providers.addresses import Address
from app.providers.transport import BlockedAddress, ConnectFailed, DnsError, Resolver, Transport
from app.providers.transport.dial import interleave, race
from tests.support.sockets import ScriptedUpstream, answer, refused_port
from tests.unit.providers.transport.support import ManualClock, fetch, get, slots, until


class Names:
    """A name server whose answers the test changes."""

    def __init__(self, *addresses: str) -> None:
        self.addresses: Sequence[str] = addresses
        self.error: Exception | None = None
        self.gate: asyncio.Event | None = None
        self.asked = 0

    async def __call__(self, host: str) -> Sequence[str]:
        self.asked += 1
        if self.gate is not None:
            await self.gate.wait()
        if self.error is not None:
            raise self.error
        return self.addresses


async def resolved(resolver: Resolver, host: str = "name.test") -> list[str]:
    return [str(address) for address in await resolver.resolve(host)]


async def test_answers_are_remembered_for_a_while() -> None:
    names, clock = Names("127.0.0.1"), ManualClock()
    resolver = Resolver(clock, names)
    for _ in range(3):
        assert await resolved(resolver) == ["127.0.0.1"]
    assert names.asked == 1
    names.addresses = ["127.0.0.2", "::1"]
    clock.advance(31)
    assert await resolved(resolver) == ["127.0.0.2", "::1"]
    assert names.asked == 2


@pytest.mark.parametrize("error", [socket.gaierror(-2, "unknown"), UnicodeError("label too long"), None])
async def test_last_good_answer_serves_while_names_fail(error: Exception | None) -> None:
    names, clock = Names("127.0.0.1"), ManualClock()
    resolver = Resolver(clock, names)
    await resolved(resolver)
    names.error, names.addresses = error, []
    clock.advance(31)
    for _ in range(3):
        assert await resolved(resolver) == ["127.0.0.1"]
    assert names.asked == 2  # after a failure, it is not asked again at once
    clock.advance(6)
    assert await resolved(resolver) == ["127.0.0.1"]
    assert names.asked == 3
    clock.advance(564)
    with pytest.raises(DnsError):
        await resolved(resolver)
    names.error, names.addresses = None, ["127.0.0.3"]
    assert await resolved(resolver) == ["127.0.0.3"]


async def test_last_good_answer_serves_while_names_hang() -> None:
    names, clock = Names("127.0.0.1"), ManualClock()
    resolver = Resolver(clock, names, patience=0.01)
    await resolved(resolver)
    names.gate = asyncio.Event()
    names.addresses = ["127.0.0.2"]
    clock.advance(31)
    assert await resolved(resolver) == ["127.0.0.1"]
    names.gate.set()
    await asyncio.sleep(0.01)
    assert await resolved(resolver) == ["127.0.0.2"]
    assert names.asked == 2


async def test_one_lookup_serves_all_who_ask() -> None:
    names = Names("127.0.0.1")
    names.gate = asyncio.Event()
    resolver = Resolver(ManualClock(), names)
    tasks = [asyncio.create_task(resolved(resolver)) for _ in range(10)]
    await until(lambda: names.asked == 1)
    tasks[0].cancel()  # the one who began it
    await asyncio.sleep(0)
    names.gate.set()
    assert await asyncio.gather(*tasks[1:]) == [["127.0.0.1"]] * 9
    assert names.asked == 1


async def test_unknown_name() -> None:
    names = Names()
    names.error = socket.gaierror(-2, "unknown")
    async with Transport(resolver=Resolver(ManualClock(), names)) as transport:
        with pytest.raises(DnsError) as caught:
            await fetch(transport, get("http://name.test/"))
        assert caught.value.failure == "dns"
        assert slots(transport) == (0, 0, 0)


async def test_system_names() -> None:
    async with Transport() as transport, ScriptedUpstream([answer(b"ok")]) as upstream:
        assert await fetch(transport, get(f"http://localhost:{upstream.port}/")) == (200, b"ok")
        for name in ("name.invalid", "a" * 64 + ".invalid"):
            with pytest.raises(DnsError):
                await fetch(transport, get(f"http://{name}/", timeout={"connect": 20}))


async def test_connect_timeout_covers_the_lookup() -> None:
    names = Names("127.0.0.1")
    names.gate = asyncio.Event()
    async with Transport(resolver=Resolver(ManualClock(), names)) as transport:
        with pytest.raises(httpx.ConnectTimeout):
            await fetch(transport, get("http://name.test/", timeout={"connect": 0.02}))
        assert slots(transport) == (0, 0, 0)


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254",
        "2852039166",
        "0xa9fea9fe",
        "169.254.43518",
        "[::ffff:169.254.169.254]",
        "[64:ff9b::a9fe:a9fe]",
        "[2002:a9fe:a9fe::]",
        "[fe80::1]",
        "[fd00:ec2::254]",
        "0.0.0.0",
        "0",
        "[::]",
        "255.255.255.255",
        "224.0.0.1",
    ],
)
async def test_refused_addresses_are_not_dialled(transport: Transport, host: str) -> None:
    with pytest.raises(BlockedAddress) as caught:
        await fetch(transport, get(f"http://{host}/latest/meta-data"))
    assert caught.value.failure == "blocked_address"
    assert slots(transport) == (0, 0, 0)


async def test_address_is_checked_at_every_new_connection() -> None:
    """A name that was harmless when the provider was saved may point elsewhere later (DNS rebinding)."""
    names, clock = Names("127.0.0.1"), ManualClock()
    async with (
        ScriptedUpstream([answer(b"ok", 200, ("connection", "close"))]) as upstream,
        Transport(resolver=Resolver(clock, names)) as transport,
    ):
        url = f"http://name.test:{upstream.port}/"
        assert await fetch(transport, get(url)) == (200, b"ok")
        names.addresses = ["169.254.169.254", "::ffff:169.254.169.254"]
        clock.advance(31)
        with pytest.raises(BlockedAddress):
            await fetch(transport, get(url))
        names.addresses = ["169.254.169.254", "127.0.0.1"]
        clock.advance(31)
        assert await fetch(transport, get(url)) == (200, b"ok")


async def test_own_check_of_addresses() -> None:
    async with ScriptedUpstream([answer(b"ok")]) as upstream, Transport(allow=lambda _: False) as transport:
        with pytest.raises(BlockedAddress):
            await fetch(transport, get(upstream.url))
        assert upstream.connections == []


@pytest.mark.parametrize("order", [("::1", "127.0.0.1"), ("127.0.0.2", "127.0.0.3", "127.0.0.1")])
async def test_next_address_when_one_refuses(order: tuple[str, ...]) -> None:
    async with (
        ScriptedUpstream([answer(b"ok")]) as upstream,
        Transport(resolver=Resolver(ManualClock(), Names(*order))) as transport,
    ):
        assert await fetch(transport, get(f"http://name.test:{upstream.port}/")) == (200, b"ok")


async def test_all_addresses_refuse() -> None:
    names = Names("127.0.0.1", "127.0.0.2")
    async with Transport(resolver=Resolver(ManualClock(), names)) as transport:
        with pytest.raises(ConnectFailed) as caught:
            await fetch(transport, get(f"http://name.test:{refused_port()}/"))
        assert caught.value.failure == "connect"
        assert "127.0.0" not in str(caught.value)
        assert slots(transport) == (0, 0, 0)


async def test_address_that_hangs_does_not_hold_up_the_next() -> None:
    with socket.create_server(("127.0.0.2", 0), backlog=0) as full:
        port = full.getsockname()[1]
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
        server = await asyncio.start_server(_serve, "127.0.0.1", port)
        async with (
            server,
            Transport(resolver=Resolver(ManualClock(), Names("127.0.0.2", "127.0.0.1"))) as transport,
        ):
            request = get(f"http://name.test:{port}/", timeout={"connect": 3})
            assert await fetch(transport, request) == (200, b"ok")
            assert slots(transport) == (0, 0, 0)
        for filler in fillers:
            filler.close()


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(answer(b"ok", 200, ("connection", "close")))
    await writer.drain()
    writer.close()
    await writer.wait_closed()


def addresses(*texts: str) -> list[Address]:
    return [ipaddress.ip_address(text) for text in texts]


def test_families_take_turns() -> None:
    found = addresses("::1", "::2", "::3", "1.1.1.1", "2.2.2.2")
    assert interleave(found) == addresses("::1", "1.1.1.1", "::2", "2.2.2.2", "::3")
    assert interleave(found[3:]) == found[3:]


class Link:
    """In place of a connection."""

    discarded = False

    def discard(self) -> None:
        self.discarded = True


async def test_late_winners_of_the_race_are_closed() -> None:
    links = {address: Link() for address in addresses("1.1.1.1", "2.2.2.2", "3.3.3.3", "4.4.4.4")}
    both = asyncio.Event()

    async def dial(address: Address) -> Link:
        match str(address)[0]:
            case "1":
                raise ConnectFailed("refused")
            case "2":  # has just succeeded when it is cancelled
                try:
                    await asyncio.Event().wait()
                except asyncio.CancelledError:
                    return links[address]
            case "4":
                both.set()
        await both.wait()  # two at the same time
        return links[address]

    winner = await race(dial, list(links), head_start=0.001)  # type: ignore[arg-type]  # `Link` will do
    await until(lambda: sum(link.discarded for link in links.values()) == 2)
    assert [link for link in list(links.values())[1:] if not link.discarded] == [winner]
    assert len(asyncio.all_tasks()) == 1


async def test_first_error_of_the_race_is_told() -> None:
    async def dial(address: Address) -> Link:
        raise ConnectFailed(str(address))

    with pytest.raises(ConnectFailed, match=r"^1\.1\.1\.1$"):
        await race(dial, addresses("1.1.1.1", "2.2.2.2"))  # type: ignore[arg-type]  # `Link` will do
