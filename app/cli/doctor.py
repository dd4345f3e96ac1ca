"""`llm-gateway doctor`: looks at everything the gateway needs, changes nothing, and says what to mend."""

import asyncio
import hmac
import os
import ssl
import sys
from collections.abc import AsyncIterator, Iterator
from enum import StrEnum
from pathlib import Path

import httpx
import msgspec
from sqlalchemy.engine import make_url

from app import compiled
from app.cli import descriptors
from app.common.errors import Unavailable
from app.common.secrets import Keyring, KeyringError, read_master
from app.config import Settings, SettingsError, load, unknown_names
from app.db.session import Database
from app.db.tables.meta import MetaRow
from app.db.tables.provider import ProviderRow
from app.providers.addresses import BlockedUrl, check_url, is_blocked
from app.repositories.admin import AdminUserRepository
from app.repositories.providers import ProviderRepository
from app.services import migrations
from app.services.admin_auth import may_bind
from app.services.keyring import CHECK

CONNECT_SECONDS = 5.0


class Verdict(StrEnum):
    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


class Finding(msgspec.Struct, frozen=True):
    """What one look found. The message never holds a secret."""

    subject: str
    verdict: Verdict
    message: str


def doctor(*, as_json: bool) -> int:
    """Print the findings.

    :returns: 1 where something has failed.
    """
    findings = asyncio.run(_examine())
    if as_json:
        print(msgspec.json.format(msgspec.json.encode(findings)).decode())
    else:
        for finding in findings:
            print(f"{finding.verdict:<8} {finding.subject:<16} {finding.message}")
    return 1 if any(finding.verdict is Verdict.FAILED for finding in findings) else 0


async def _examine() -> list[Finding]:
    try:
        settings = load()
    except SettingsError as error:
        return [_failed("settings", str(error))]
    findings = [*_settings(), *_folders(settings), *_open_files(settings), _workers(settings), _compiled()]
    async for finding in _database(settings):
        findings.append(finding)  # noqa: PERF401  # `async for` in a list display reads worse
    return findings


def _ok(subject: str, message: str) -> Finding:
    return Finding(subject, Verdict.OK, message)


def _warning(subject: str, message: str) -> Finding:
    return Finding(subject, Verdict.WARNING, message)


def _failed(subject: str, message: str) -> Finding:
    return Finding(subject, Verdict.FAILED, message)


def _settings() -> Iterator[Finding]:
    unknown = list(unknown_names())
    for name, near in unknown:
        yield _warning("settings", f"{name} is no setting{f'; did you mean {near}?' if near else ''}")
    if not unknown:
        yield _ok("settings", "all known, all usable")


def _folders(settings: Settings) -> Iterator[Finding]:
    files = {"key folder": settings.encryption_key_file} if settings.encryption_key is None else {}
    if settings.is_sqlite:
        files["data folder"] = make_url(settings.database_url).database or ""
    for subject, file in files.items():
        folder = Path(file).absolute().parent
        while not folder.exists():  # `serve` makes what is missing
            folder = folder.parent
        writable = os.access(folder, os.W_OK | os.X_OK)
        yield (
            _ok(subject, f"{folder} is writable")
            if writable
            else _failed(subject, f"{folder} is not writable")
        )


def _open_files(settings: Settings) -> Iterator[Finding]:
    limit = descriptors.hard_limit()
    if limit is None:
        return
    wanted = settings.max_concurrent_requests * descriptors.PER_REQUEST
    if limit < wanted:
        yield _warning(
            "open files",
            f"{limit} are allowed, which is some {limit // descriptors.PER_REQUEST} requests at once, and "
            f"MAX_CONCURRENT_REQUESTS is {settings.max_concurrent_requests}; raise the hard limit to {wanted} "
            "(`LimitNOFILE=` of systemd, `--ulimit nofile=` of containers)",
        )
    else:
        yield _ok("open files", f"{limit} are allowed")


def _workers(settings: Settings) -> Finding:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if settings.workers > 1 and sys.platform == "win32":
        return _failed("workers", f"WORKERS is {settings.workers}, and Windows can run one")
    if settings.workers > cores:
        return _warning("workers", f"WORKERS is {settings.workers}, and there are {cores} processor cores")
    return _ok("workers", f"{settings.workers} for {cores} processor cores")


def _compiled() -> Finding:
    why_not = compiled.why_not()
    return _ok("compiled", "yes" if why_not is None else f"no: {why_not}")


async def _database(settings: Settings) -> AsyncIterator[Finding]:
    if _is_missing(settings):
        yield _ok("database", "none yet; `serve` makes it")
        return
    try:
        current = await migrations.is_current(settings)
        database = Database(settings.database_url)
    except (migrations.SchemaError, SettingsError, Unavailable) as error:
        yield _failed("database", str(error))
        return
    try:
        if not current:
            yield _warning("database", "its schema is behind; `serve` and `migrate` bring it up to date")
            return
        yield _ok("database", "answers, and its schema is up to date")
        yield await _encryption_key(database, settings)
        yield await _administrator(database, settings)
        async with database.read() as session:
            providers = await ProviderRepository(session).active()
        for finding in await asyncio.gather(*map(_provider, providers)):
            yield finding
    except Unavailable as error:
        yield _failed("database", str(error))
    finally:
        await database.aclose()


def _is_missing(settings: Settings) -> bool:
    return settings.is_sqlite and not Path(make_url(settings.database_url).database or "").exists()


async def _encryption_key(database: Database, settings: Settings) -> Finding:
    async with database.read() as session:
        stored = await session.get(MetaRow, CHECK)
    if stored is None:
        return _ok("encryption key", "none yet; `serve` makes it")
    try:
        master = read_master(settings.encryption_key, Path(settings.encryption_key_file), may_create=False)
    except KeyringError as error:
        return _failed("encryption key", str(error))
    if hmac.compare_digest(stored.value, Keyring(master).check_value):
        return _ok("encryption key", "is the one the database was set up with")
    return _failed("encryption key", "is not the one the database was set up with")


async def _administrator(database: Database, settings: Settings) -> Finding:
    async with database.read() as session:
        exists = settings.admin_token is not None or await AdminUserRepository(session=session).exists()
    if exists:
        return _ok("administrator", "there is one")
    if may_bind(settings.host, has_administrator=False):
        return _warning("administrator", "none yet; `serve` prints a setup token")
    return _warning("administrator", "none yet: the gateway will listen on loopback only; set ADMIN_TOKEN")


async def _provider(row: ProviderRow) -> Finding:
    subject = f"provider {row.name}"
    if row.credential_env and row.credential_env not in os.environ:
        return _failed(subject, f"its credential is to be in {row.credential_env}, which is not set")
    try:
        check_url(row.base_url)
    except BlockedUrl as error:
        return _failed(subject, str(error))
    url = httpx.URL(row.base_url)
    secure = url.scheme == "https"
    port = url.port or (443 if secure else 80)
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            found = await asyncio.get_running_loop().getaddrinfo(url.host, port)
            if all(is_blocked(str(address[4][0])) for address in found):
                return _failed(subject, f"{url.host} leads to addresses that are never called")
            _, writer = await asyncio.open_connection(url.host, port, ssl=_tls(row) if secure else None)
    except (OSError, TimeoutError) as error:
        return _failed(subject, f"{url.host}:{port} can't be reached: {_cause(error)}")
    writer.close()
    return _ok(subject, f"{url.host}:{port} answers{' over TLS' if secure else ''}")


def _tls(row: ProviderRow) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if not row.verify_tls:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _cause(error: OSError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"TLS: {error.verify_message}"
    return error.strerror or ("timed out" if isinstance(error, TimeoutError) else type(error).__name__)
