"""Planted secrets are looked for in everything the gateway leaves behind or says; and addresses it must not call."""

import base64
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.common.clock import SystemClock
from app.common.secrets import new_api_key
from app.providers.transport import Transport
from app.providers.transport.dns import Resolver
from tests.integration.whole.support import WHOLE, eventually, rows
from tests.support.gateway import (
    ADMIN_TOKEN,
    ENCRYPTION_KEY,
    Gateway,
    command,
    environment,
    gateway_process,
    unique,
)
from tests.support.hotpath import chat_body, hot_path, provider, route, target
from tests.support.sockets import CLOSE, ScriptedUpstream, Step, answer, chunk, head

CREDENTIAL = "PLANTED+provider/credential=0123456789"
"""Looks like no vendor's key: only who knows it can find it."""
FROM_ENVIRONMENT = "PLANTED-credential-from-the-environment"
PASSWORD = "PLANTED-password-of-an-administrator"
IN_BODY = "PLANTED-password-in-a-request-body"
OF_CLIENT = "sk-PLANTEDkeyOfAnotherVendor0123456789"
UNKNOWN_KEY = new_api_key()
HEADERS = {
    name: f"PLANTED-value-of-{name}"
    for name in ("x-goog-api-key", "api-key", "x-auth-token", "proxy-authorization", "anthropic-api-key")
}
COOKIE = "PLANTED-cookie-of-a-client"
MISTYPED = "PLANTED-in-the-wrong-place-0123456789"

ECHO = json.dumps(
    {"error": {"message": f"Incorrect API key provided: {CREDENTIAL}. (Bearer {CREDENTIAL})"}}
).encode()
EVENTS = (
    b'data: {"choices":[{"delta":{"content":"hi"}}],"usage":{"prompt_tokens":1,"completion_tokens":1}}\n\n'
    b"data: [DONE]\n\n"
)
SCRIPTS: list[tuple[int, list[Step]]] = [
    (200, [WHOLE]),
    (200, [head(), chunk(EVENTS), chunk(b"")]),
    (401, [answer(ECHO, 401, ("x-echo", f"key={CREDENTIAL}"))]),
    (500, [answer(ECHO, 500)]),
    (502, [f"HTTP/1.1 200 OK\r\nx: {CREDENTIAL}\r\nno header {CREDENTIAL}\r\n\r\n".encode(), CLOSE]),
    (502, [f"{CREDENTIAL}\r\n\r\n".encode(), CLOSE]),
    (502, [answer(b"", 302, ("location", f"https://elsewhere.example/?key={CREDENTIAL}"))]),
]
"""What the client gets, and what the upstream plays."""
CHATTY: list[Step] = [answer(ECHO, 200, ("x-echo", CREDENTIAL))]
"""A good answer belongs to the client as it came; the log is another matter."""
WRONG_KEY = "PLANTED-encryption-key-of-another-gateway"


class Ear:
    """Remembers every answer, to be searched for secrets."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, bytes]] = []

    async def __call__(self, response: httpx.Response) -> None:
        headers = "\n".join(f"{name}: {value}" for name, value in response.headers.items())
        url = str(response.request.url.copy_with(query=None))
        self.heard.append((f"{response.request.method} {url}", headers.encode() + await response.aread()))

    def listen(self, client: httpx.AsyncClient) -> None:
        client.event_hooks = {"response": [self]}


def leaks(planted: dict[str, str], heard: list[tuple[str, bytes]]) -> Iterator[str]:
    for what, secret in planted.items():
        for form in (
            secret.encode(),
            base64.b64encode(secret.encode())[:-4],
            json.dumps(secret)[1:-1].encode(),
        ):
            for place, content in heard:
                if form in content:
                    at = content.index(form)
                    yield f"{what} in {place}: {content[max(at - 80, 0) : at + 80]!r}"


def files(folder: Path) -> list[tuple[str, bytes]]:
    return [(file.name, file.read_bytes()) for file in folder.rglob("*") if file.is_file()]


async def test_no_planted_secret_is_found_anywhere(tmp_path: Path) -> None:
    ear = Ear()
    settings: dict[str, Any] = {"DEBUG": "true", "RETRY_MAX_ATTEMPTS": 1, "UPSTREAM_SECRET": FROM_ENVIRONMENT}
    planted = {
        "credential": CREDENTIAL,
        "credential from the environment": FROM_ENVIRONMENT,
        "password": PASSWORD,
        "password in a body": IN_BODY,
        "key of another vendor": OF_CLIENT,
        "unknown key": UNKNOWN_KEY,
        "cookie of a client": COOKIE,
        "mistyped": MISTYPED,
        "encryption key": ENCRYPTION_KEY,
        "admin token": ADMIN_TOKEN,
        **HEADERS,
    }
    upstream = ScriptedUpstream(*(script for _, script in SCRIPTS), CHATTY, [WHOLE])
    with gateway_process(tmp_path, **settings) as gateway:
        async with upstream, gateway.admin() as admin:
            # These answers show a secret, once.
            token = await admin.call("POST", "/tokens", {"name": "automation"})
            key = await admin.call("POST", "/api-keys", {"name": "client"})
            body = {"token": ADMIN_TOKEN, "name": "admin", "password": PASSWORD}
            session = await admin.client.post("/api/admin/setup", json=body, headers={"authorization": ""})
            cookie = session.headers["set-cookie"].partition(";")[0].partition("=")[2]
            planted |= {"made token": token["token"], "API key": key["value"], "session": cookie}

            ear.listen(admin.client)
            providers = [
                await admin.provider(upstream.url, credential=CREDENTIAL),
                await admin.provider(upstream.url, credential="env:UPSTREAM_SECRET", protocol="anthropic"),
            ]
            for number, made in enumerate(providers):
                await admin.model(f"m{number}", [{"provider_id": made["id"], "target_model": "up"}])
            await proxy_traffic(gateway, ear, key["value"])
            for request in upstream.requests:
                assert (
                    list(leaks(dict(HEADERS, key=key["value"], cookie=COOKIE), [("upstream", request.head)]))
                    == []
                )
            await mistakes(gateway, ear, providers[0]["id"], cookie)

            async def recorded() -> bool:
                return len(await rows(admin)) == len(upstream.requests) + 3

            await eventually(recorded)
            await read_everything(gateway, ear, token["token"])
            found = list(leaks(planted, [*ear.heard, *files(tmp_path)]))
            assert not found, "\n".join(found)
        gateway.process.terminate()
        assert gateway.process.stdout
        said = ("stdout", gateway.process.stdout.read().encode())
    greeting = ("greeting", "".join(gateway.greeting).encode())
    planted |= {"wrong encryption key": WRONG_KEY}
    starts = list(refused_starts(tmp_path))
    assert {"stderr.log", "gateway.db"} <= {name for name, _ in files(tmp_path)}
    for place in (ear.heard, files(tmp_path)):
        assert list(leaks({"a name that is no secret": "automation"}, place)), "what is there is found"
    found = list(leaks(planted, [said, greeting, *starts, *files(tmp_path)]))
    assert not found, "\n".join(found)


def refused_starts(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Another encryption key than the database was set up with, and none at all."""
    for wrong, name in ((WRONG_KEY, "ENCRYPTION_KEY: "), ("", "ENCRYPTION_KEY_FILE: ")):
        result = subprocess.run(
            command("serve", "--port", "0"),
            cwd=folder,
            env=environment(folder, ENCRYPTION_KEY=wrong),
            capture_output=True,
            timeout=30,
            check=False,
        )
        assert (result.returncode, result.stdout) == (78, b"")
        assert result.stderr.count(b"\n") == 1
        assert result.stderr.startswith(f"llm-gateway: {name}".encode()), result.stderr
        yield "refused start", result.stderr


async def proxy_traffic(gateway: Gateway, ear: Ear, key: str) -> None:
    """Calls that succeed, fail upstream, and fail here, with secrets wherever a client can put them."""
    extra = {**HEADERS, "cookie": f"session={COOKIE}", "user-agent": f"test {OF_CLIENT}"}
    async with gateway.client(key) as client:
        ear.listen(client)
        said = chat_body("m0", password=IN_BODY) | {
            "messages": [{"role": "user", "content": f"my key is {key}, the other {OF_CLIENT}"}]
        }
        for status, _ in SCRIPTS:
            answered = await client.post("/v1/chat/completions", json=said, headers=extra)
            assert answered.status_code == status, answered.text
        client.event_hooks = {}
        assert (await client.post("/v1/chat/completions", json=said)).content == ECHO
        ear.listen(client)
        answered = await client.post(
            f"/v1/messages?key={OF_CLIENT}", json=said | {"model": "m1"}, headers=extra
        )
        assert answered.status_code == 200
        for content, status in (
            (json.dumps(said | {"model": key}), 404),
            (json.dumps(said)[:-1], 400),
            (json.dumps(said | {"model": [OF_CLIENT]}), 400),
        ):
            answered = await client.post("/v1/chat/completions", content=content, headers=extra)
            assert answered.status_code == status, answered.text
        assert (await client.get(f"/v1/models/{OF_CLIENT}")).status_code == 404
        assert (await client.get(f"/v1/{OF_CLIENT}")).status_code == 404
        for wrong in (UNKNOWN_KEY, OF_CLIENT, key[:-1]):
            headers = {"authorization": f"Bearer {wrong}"}
            assert (await client.post("/v1/messages", json=said, headers=headers)).status_code == 401
        two = await client.post("/v1/messages", json=said, headers={"x-api-key": UNKNOWN_KEY})
        assert two.status_code == 400


async def mistakes(gateway: Gateway, ear: Ear, provider_id: int, cookie: str) -> None:
    """An administrator types a secret into everything it does not belong into."""
    good = {"name": "p", "protocol": "openai", "base_url": "https://api.example.com"}
    bodies: list[tuple[str, str, Any]] = [
        *(
            ("POST", "/providers", good | wrong)
            for wrong in (
                {"name": MISTYPED * 10},
                {"name": f"\n{MISTYPED}"},
                {"protocol": MISTYPED},
                {"base_url": MISTYPED},
                {"base_url": f"https://user:{MISTYPED}@api.example.com"},
                {"base_url": f"https://api.example.com/?key={MISTYPED}"},
                {"base_url": f"https://{MISTYPED}-.example.com"},
                {"credential": f"{MISTYPED}\n"},
                {"credential": [MISTYPED]},
                {"credential": f"env:{MISTYPED}"},
                {"headers": {"authorization": MISTYPED}},
                {"headers": {"x-a": f"{MISTYPED}\n"}},
                {"headers": MISTYPED},
                {"connect_timeout": MISTYPED},
                {"is_active": MISTYPED},
                {"notes": [MISTYPED]},
            )
        ),
        ("PATCH", f"/providers/{provider_id}", {"base_url": f"https://x/{MISTYPED}"}),
        *(
            ("POST", "/models", {"name": "m"} | wrong)
            for wrong in (
                {"name": f"{MISTYPED} {MISTYPED}"},
                {"strategy": MISTYPED},
                {"rule": f'headers.x == "{MISTYPED}'},
                {"rule": f'headers.authorization == "{MISTYPED}"'},
                {"final_statuses": [MISTYPED]},
                {"targets": [{"provider_id": MISTYPED, "target_model": "m"}]},
            )
        ),
        ("POST", "/api-keys", {"name": "k", "expires_at": MISTYPED}),
        ("POST", "/api-keys", {"name": "k", "requests_per_minute": MISTYPED}),
        ("POST", "/session", {"name": "admin", "password": MISTYPED}),
        ("POST", "/session", {"name": MISTYPED, "password": PASSWORD}),
        ("POST", "/setup", {"token": MISTYPED, "name": "x", "password": PASSWORD}),
        ("PUT", "/session/password", {"current_password": MISTYPED, "new_password": PASSWORD}),
        ("PUT", "/session/password", {"current_password": PASSWORD, "new_password": [MISTYPED]}),
        ("POST", "/tokens", {"name": "t", "expires_at": MISTYPED}),
        *(
            ("GET", f"{path}={MISTYPED}", None)
            for path in (
                "/logs?cursor",
                "/logs?sort",
                "/logs?start_time",
                "/logs?has_error",
                "/providers?page",
            )
        ),
        *(("GET", f"{path}/{MISTYPED}", None) for path in ("/logs", "/models", "/providers", "")),
    ]
    async with httpx.AsyncClient(base_url=gateway.url, trust_env=False) as client:
        ear.listen(client)
        client.cookies.set("gw_session", cookie)
        headers = {"sec-fetch-site": "same-origin"}
        for method, path, body in bodies:
            answered = await client.request(method, f"/api/admin{path}", json=body, headers=headers)
            assert 400 <= answered.status_code < 500, (path, body, answered.text)
        raw = f'{{"credential": "{MISTYPED}", '
        headers |= {"content-type": "application/json"}
        assert (await client.post("/api/admin/providers", content=raw, headers=headers)).status_code == 400
    async with gateway.client(MISTYPED) as client:
        ear.listen(client)
        assert (await client.get("/api/admin/system")).status_code == 401
    async with httpx.AsyncClient(base_url=gateway.url, trust_env=False) as client:
        ear.listen(client)
        client.cookies.set("gw_session", MISTYPED)
        assert (await client.get("/api/admin/system")).status_code == 401


async def read_everything(gateway: Gateway, ear: Ear, token: str) -> None:
    """Every GET of the admin API, each log record in detail and explained, a connection test, the metrics and the
    document."""
    async with gateway.client(token) as client:
        ear.listen(client)
        document = (await client.get("/schema/openapi.json")).json()
        request_id = (await client.get("/api/admin/logs?requested_model=m0")).json()["items"][0]["request_id"]
        await client.post("/api/admin/lists", json={"name": "vips", "entries": ["1"]})
        test = await client.post("/api/admin/models/m0/tests/from-log", json={"request_id": request_id})
        known = {
            "name": "vips",
            "test_id": test.json()["id"],
            "provider_id": 1,
            "model": "m0",
            "target_id": 1,
            "key_id": 1,
            "request_id": request_id,
        }
        readable = {path for path, methods in document["paths"].items() if "get" in methods}
        readable.remove("/api/admin/logs/tail")  # has no end; its records are those of the list
        paths = [path.format(**known) for path in readable]
        assert len(paths) > 20
        for path in [*paths, "/api/admin/revisions?page_size=200", "/metrics", "/livez", "/readyz"]:
            answered = await client.get(path)
            assert answered.status_code == 200, (path, answered.text)
        for row in (await client.get("/api/admin/logs?page_size=200")).json()["items"]:
            detail = await client.get(f"/api/admin/logs/{row['request_id']}")
            assert detail.json()["payload"]["request_headers"]
            explained = await client.post("/api/admin/rules/explain", json={"request_id": row["request_id"]})
            assert explained.status_code in (200, 404), (
                explained.text
            )  # it may have asked for no model of ours
        assert (await client.post("/api/admin/providers/1/test", json={})).status_code == 200


REFUSED = [
    "http://169.254.169.254/latest",
    "http://169.254.169.254.:80/",
    "http://2852039166",
    "http://0xa9fea9fe/v1",
    "http://0251.0376.0251.0376",
    "http://169.254.43518",
    "http://169.0xfe.0251.254",
    "https://[::ffff:169.254.169.254]/",
    "http://[::ffff:a9fe:a9fe]",
    "http://[0:0:0:0:0:ffff:a9fe:a9fe]",
    "http://[::a9fe:a9fe]",
    "http://[64:ff9b::a9fe:a9fe]",
    "http://[2002:a9fe:a9fe::1]",
    "http://[fe80::1]",
    "http://[fd00:ec2::254]",
    "http://100.100.100.200",
    "http://168.63.129.16",
    "http://192.0.0.192",
    "http://0.0.0.0:8000",
    "http://[::]",
    "http://224.0.0.1",
    "http://255.255.255.255",
    "http://%31%36%39.254.169.254",
    "http://\uff11\uff16\uff19.254.169.254",
]


async def test_base_urls_of_metadata_and_link_local_addresses_are_refused(gateway: Gateway) -> None:
    async with gateway.admin() as admin:
        good = await admin.provider("http://127.0.0.1:9/v1")
        for url in REFUSED:
            body = {"name": unique("p"), "protocol": "openai", "base_url": url}
            for method, path, content in (
                ("POST", "/providers", body),
                ("PATCH", f"/providers/{good['id']}", {"base_url": url, "credential": "sk-new"}),
            ):
                answered = await admin.client.request(method, f"/api/admin{path}", json=content)
                assert answered.status_code == 422, (url, answered.text)
                assert [fault["pointer"] for fault in answered.json()["errors"]] == ["/base_url"]
        assert (await admin.call("GET", f"/providers/{good['id']}"))["base_url"] == good["base_url"]


@pytest.mark.parametrize("address", ["169.254.169.254", "::ffff:169.254.169.254", "fd00:ec2::254", "fe80::1"])
async def test_a_name_that_leads_there_is_refused_when_it_is_dialled(address: str) -> None:
    """A name that was harmless yesterday can lead anywhere today."""
    leads_to = ["127.0.0.1"]

    async def lookup(host: str) -> list[str]:
        assert host == "llm.example"
        return leads_to

    transport = Transport(resolver=Resolver(SystemClock(), lookup, ttl=0))
    async with ScriptedUpstream([WHOLE, CLOSE]) as upstream:
        there = route([target(provider(f"http://llm.example:{upstream.port}"))])
        async with hot_path(there, transport=transport) as path:
            assert (await path.chat()).status_code == 200
            leads_to[:] = [address]
            refused = await path.chat()
            assert refused.status_code == 502
            assert refused.json()["error"]["code"] == "upstream_unreachable"
            assert address not in refused.text
            record = (await path.records.wait(2))[1]
            assert [attempt.error for attempt in record.attempts] == ["blocked_address"]
            assert len(upstream.connections) == 1
