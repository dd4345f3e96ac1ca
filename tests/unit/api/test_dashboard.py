"""Serving the built dashboard: types, compression, conditional requests, redirects, policy, and what passes through."""

import gzip
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from app.api.dashboard import Dashboard

PAGE = b"<!doctype html><title>page</title>" + b" " * 500


async def behind(scope: Any, receive: Any, send: Any) -> None:
    """What stands behind the dashboard."""
    await send({"type": "http.response.start", "status": 418, "headers": []})
    await send({"type": "http.response.body", "body": scope["path"].encode()})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = {
        "index.html": PAGE,
        "logs/index.html": PAGE,
        "_next/static/a.js": b"1;" * 400,
        "icon.svg": b"<svg/>",
    }
    manifest = {}
    for name, content in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        zipped = gzip.compress(content)
        if len(zipped) < len(content):
            path.with_name(f"{path.name}.gz").write_bytes(zipped)
        manifest[name] = {"hash": f"hash-{name}", "gzip": len(zipped) < len(content)}
    (tmp_path / "manifest.json").write_bytes(msgspec.json.encode(manifest))
    (tmp_path / "secret.txt").write_text("not in the manifest")
    return tmp_path


@pytest.fixture
async def browser(folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(Dashboard(behind, folder))
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        yield client


async def test_a_page_comes_with_its_policy(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/")
    assert (answer.status_code, answer.content) == (200, PAGE)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["cache-control"] == "no-cache"
    policy = answer.headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "default-src 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_hashed_files_are_kept_for_ever(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/_next/static/a.js")
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert "immutable" in answer.headers["cache-control"]


@pytest.mark.parametrize("accepted", ["identity", "br", "gzip;q=0", "gzip; q=0"])
async def test_uncompressed_where_gzip_is_not_wanted(browser: httpx.AsyncClient, accepted: str) -> None:
    answer = await browser.get("/", headers={"accept-encoding": accepted})
    assert "content-encoding" not in answer.headers
    assert answer.headers["content-length"] == str(len(PAGE))
    assert answer.headers["vary"] == "accept-encoding"


@pytest.mark.parametrize("tag", ['"hash-index.html"', 'W/"hash-index.html"', '"other", "hash-index.html"'])
async def test_nothing_is_sent_twice(browser: httpx.AsyncClient, tag: str) -> None:
    answer = await browser.get("/", headers={"if-none-match": tag})
    assert (answer.status_code, answer.content) == (304, b"")
    assert answer.headers["etag"] == '"hash-index.html"'


async def test_head_has_all_but_the_body(browser: httpx.AsyncClient) -> None:
    whole, head = await browser.get("/logs/"), await browser.head("/logs/")
    assert head.content == b""
    assert dict(head.headers) == dict(whole.headers)


async def test_a_folder_without_its_slash(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/logs?filter=a%20b")
    assert (answer.status_code, answer.headers["location"]) == (308, "/logs/?filter=a%20b")


@pytest.mark.parametrize(
    "path", ["/v1/models", "/secret.txt", "/%2e%2e/secret.txt", "/manifest.json", "/logs/none"]
)
async def test_what_is_not_in_the_manifest_passes_through(browser: httpx.AsyncClient, path: str) -> None:
    assert (await browser.get(path)).status_code == 418


async def test_other_methods_pass_through(browser: httpx.AsyncClient) -> None:
    assert (await browser.post("/")).status_code == 418


async def test_a_dashboard_that_was_not_built_says_how(tmp_path: Path) -> None:
    transport = httpx.ASGITransport(Dashboard(behind, tmp_path / "none"))
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        answer = await client.get("/")
        assert answer.status_code == 200
        assert "just dashboard" in answer.text
        assert (await client.head("/")).content == b""
        assert (await client.get("/logs/")).status_code == 418


async def test_a_dashboard_built_meanwhile_is_served(browser: httpx.AsyncClient, folder: Path) -> None:
    assert (await browser.get("/new/")).status_code == 418
    (folder / "new").mkdir()
    (folder / "new" / "index.html").write_bytes(PAGE)
    (folder / "manifest.json").write_bytes(b'{"new/index.html": {"hash": "1", "gzip": false}}')

    assert (await browser.get("/new/")).content == PAGE
    assert (await browser.get("/logs/")).status_code == 418

    (folder / "manifest.json").unlink()
    assert "just dashboard" in (await browser.get("/")).text
