"""Settings from environment, `.env` and defaults, in that order of precedence. One documented field each.

Every name works with the prefix `LLM_GATEWAY_` and, unless the environment is shared with other programs, without it;
the prefixed one wins. `docs/configuration.md` is generated from the fields below.
"""

import difflib
import ipaddress
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

import msgspec
from msgspec import Meta

PREFIX = "LLM_GATEWAY_"

_DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
    "postgresql": "postgresql+asyncpg",
    "postgres": "postgresql+asyncpg",
    "postgresql+asyncpg": "postgresql+asyncpg",
}
_BOOLEANS = {"yes": "true", "on": "true", "no": "false", "off": "false", "true": "true", "false": "false"}

Port = Annotated[int, Meta(ge=0, le=65535)]
Positive = Annotated[int, Meta(ge=1)]
Seconds = Annotated[float, Meta(gt=0)]


class SettingsError(Exception):
    """A setting can't be used. The message names it and says what is accepted, never its value."""


class Settings(msgspec.Struct, frozen=True):
    """All settings. The name in the environment is the field's name in capitals."""

    database_url: Annotated[
        str,
        Meta(
            description="Database. PostgreSQL (postgresql+asyncpg://user:password@host/name) serves several replicas."
        ),
    ] = "sqlite+aiosqlite:///./llm_gateway.db"
    app_name: Annotated[str, Meta(description="Name shown in the API document and the dashboard.")] = (
        "LLM Gateway"
    )
    host: Annotated[
        str, Meta(description="Address to listen on. Other than loopback only once an administrator exists.")
    ] = "127.0.0.1"
    port: Annotated[Port, Meta(description="Port to listen on; 0 takes a free one and prints it.")] = 8000
    workers: Annotated[
        Positive,
        Meta(
            description="Processes behind the port, one per processor core at most. Not on Windows, where there is one."
        ),
    ] = 1
    debug: Annotated[bool, Meta(description="Verbose log. Never adds secrets or bodies.")] = False
    retry_max_attempts: Annotated[
        Positive,
        Meta(
            description="Attempts on one target after a status of 500 or more, or a timeout; the first included."
        ),
    ] = 3
    retry_delay_ms: Annotated[
        Annotated[int, Meta(ge=0)], Meta(description="Milliseconds between two attempts on the same target.")
    ] = 1000
    retry_max_delay_ms: Annotated[
        Annotated[int, Meta(ge=0)],
        Meta(
            description="A `retry-after` of the upstream is waited for up to this; a longer one moves on at once."
        ),
    ] = 5000
    max_attempts_total: Annotated[
        Positive, Meta(description="Attempts for one request over all targets.")
    ] = 8
    connect_timeout: Annotated[Seconds, Meta(description="Seconds to reach an upstream, TLS included.")] = 5.0
    first_byte_timeout: Annotated[
        Seconds, Meta(description="Seconds from the request sent to the response head.")
    ] = 300.0
    idle_timeout: Annotated[Seconds, Meta(description="Seconds of silence in the middle of an answer.")] = (
        300.0
    )
    total_timeout: Annotated[Seconds, Meta(description="Seconds for one request, all attempts included.")] = (
        3600.0
    )
    max_body_bytes: Annotated[Positive, Meta(description="Largest request body, counted while reading.")] = (
        32 * 1024 * 1024
    )
    max_answer_bytes: Annotated[
        Positive,
        Meta(
            description="Largest part of an unstreamed answer held in memory; the rest is passed on as it comes."
        ),
    ] = 8 * 1024 * 1024
    max_concurrent_requests: Annotated[
        Positive, Meta(description="Proxy requests in flight per worker; further ones get 503 `overloaded`.")
    ] = 10_000
    trusted_proxies: Annotated[
        str,
        Meta(
            description="CIDR blocks, comma-separated, whose `X-Forwarded-For` is believed; none: nobody's."
        ),
    ] = ""
    upstream_proxy: Annotated[
        str | None,
        Meta(
            description="HTTP proxy for all upstreams: http(s)://user:password@host:port. It looks names up and dials."
        ),
    ] = None
    upstream_proxy_except: Annotated[
        str,
        Meta(
            description="Hosts reached without the proxy: names and all below them, addresses, CIDR blocks."
        ),
    ] = "localhost, 127.0.0.0/8, ::1"
    log_payloads: Annotated[
        Literal["full", "redacted", "off"],
        Meta(
            description="What is stored of requests and answers: all, all with secrets and media masked, or nothing."
        ),
    ] = "redacted"
    log_payload_max_bytes: Annotated[
        Annotated[int, Meta(ge=0)],
        Meta(description="Largest stored part of a request or answer; the cut is flagged."),
    ] = 64 * 1024
    log_facts: Annotated[
        bool,
        Meta(
            description="Store with each log record what rules read: short headers and fields; no credentials or texts."
        ),
    ] = True
    log_queue_size: Annotated[
        Positive,
        Meta(
            description="Log records of a worker waiting for the database; further ones are dropped and counted."
        ),
    ] = 10_000
    log_retention_days: Annotated[Positive, Meta(description="Days log records are kept.")] = 90
    payload_retention_days: Annotated[
        Positive, Meta(description="Days stored requests and answers are kept.")
    ] = 7
    encryption_key: Annotated[
        str | None,
        Meta(
            description="Secret of at least 32 characters; protects stored credentials. Unset: `ENCRYPTION_KEY_FILE`."
        ),
    ] = None
    encryption_key_file: Annotated[
        str, Meta(description="File with the encryption key; made at the first start when missing.")
    ] = "llm_gateway.key"
    admin_token: Annotated[
        str | None,
        Meta(
            description="Token of at least 32 characters that may use the admin API, for headless operation."
        ),
    ] = None
    drain_seconds: Annotated[
        Annotated[float, Meta(ge=0)], Meta(description="Seconds open requests may go on after a stop signal.")
    ] = 600.0
    snapshot_poll_seconds: Annotated[
        Seconds,
        Meta(description="Seconds between two looks for configuration changes made by other processes."),
    ] = 2.0

    def __repr__(self) -> str:
        return "Settings(...)"

    @property
    def is_sqlite(self) -> bool:
        return self.database_url.startswith("sqlite")


def load(environ: Mapping[str, str] | None = None, env_file: Path | None = Path(".env")) -> Settings:
    """Read the settings. An empty value counts as not set.

    :raises SettingsError: naming the setting and what it accepts; never with the value, which may be a secret.
    """
    sources = _sources(environ, env_file)
    values: dict[str, Any] = {}
    for field in msgspec.structs.fields(Settings):
        raw = _look_up(field.name.upper(), sources)
        if raw:
            values[field.name] = _convert(field.name, raw, field.type)
    if "database_url" in values:
        values["database_url"] = async_url(values["database_url"])
    settings = msgspec.structs.replace(Settings(), **values)
    _check(settings, _look_up("DATABASE_TYPE", sources))
    return settings


def unknown_names(
    environ: Mapping[str, str] | None = None, env_file: Path | None = Path(".env")
) -> Iterator[tuple[str, str | None]]:
    """Names with our prefix that are no setting, each with the nearest setting if one is near."""
    known = ["DATABASE_TYPE", "COMPILE", *(field.name.upper() for field in msgspec.structs.fields(Settings))]
    for name in dict.fromkeys(name for source in _sources(environ, env_file) for name in source):
        bare = name.removeprefix(PREFIX)
        if bare != name and bare not in known:
            near = difflib.get_close_matches(bare, known, n=1)
            yield name, PREFIX + near[0] if near else None


def async_url(url: str) -> str:
    """The database URL with the driver this program uses: plain `sqlite:` and `postgresql:` URLs work too."""
    scheme, colon, rest = url.partition(":")
    return _DRIVERS.get(scheme, scheme) + colon + rest


def read_env_file(path: Path) -> dict[str, str]:
    """`NAME=value` lines; `#` comments, `export`, and quotes around a value are understood.

    :raises SettingsError: on a line that is none of these.
    """
    values = {}
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        text = line.strip().removeprefix("export ").strip()
        if not text or text.startswith("#"):
            continue
        name, equals, value = text.partition("=")
        if not equals:
            raise SettingsError(f"{path}, line {number}: expected NAME=value")
        value = value.strip()
        if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
            value = value[1:-1]
        else:
            value = value.split(" #", 1)[0].rstrip()
        values[name.strip()] = value
    return values


def _sources(environ: Mapping[str, str] | None, env_file: Path | None) -> tuple[Mapping[str, str], ...]:
    from_file = read_env_file(env_file) if env_file and env_file.is_file() else {}
    return os.environ if environ is None else environ, from_file


def _look_up(name: str, sources: Iterable[Mapping[str, str]]) -> str | None:
    """The first value of a setting that is not empty; in each source the prefixed name comes first."""
    found = (source.get(key, "").strip() for source in sources for key in (PREFIX + name, name))
    return next(filter(None, found), None)


def _convert(name: str, raw: str, annotated: Any) -> Any:
    kind = get_args(annotated)[0]
    if kind is bool:
        raw = _BOOLEANS.get(raw.lower(), raw)
    if get_origin(kind) is Literal and raw not in get_args(kind):
        raise SettingsError(f"{name.upper()}: expected one of {', '.join(get_args(kind))}")
    try:
        return msgspec.convert(raw, annotated, strict=False)
    except msgspec.ValidationError as error:
        raise SettingsError(f"{name.upper()}: {error}") from None


def _check(settings: Settings, database_type: str | None) -> None:
    scheme = settings.database_url.partition(":")[0]
    if scheme not in _DRIVERS.values():
        raise SettingsError("DATABASE_URL: expected sqlite:///path or postgresql://user:password@host/name")
    if database_type is not None and not scheme.startswith(database_type.lower()):
        raise SettingsError(
            f"DATABASE_TYPE and DATABASE_URL ({scheme.partition('+')[0]}) contradict each other"
        )
    for name in ("encryption_key", "admin_token"):
        value = getattr(settings, name)
        if value is not None and len(value) < 32:
            raise SettingsError(f"{name.upper()}: expected at least 32 characters")
    if settings.upstream_proxy is not None and not re.fullmatch(r"https?://[^/]+/?", settings.upstream_proxy):
        raise SettingsError("UPSTREAM_PROXY: expected http://host:port or https://host:port")
    for block in filter(None, settings.trusted_proxies.replace(" ", "").split(",")):
        try:
            ipaddress.ip_network(block)
        except ValueError:
            raise SettingsError(
                "TRUSTED_PROXIES: expected CIDR blocks such as 10.0.0.0/8, with commas between"
            ) from None
