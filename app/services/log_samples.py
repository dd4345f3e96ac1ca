"""A logged request as a sample, so that it can be explained, or become a test. `rules/recorded.py` has the facts."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from app.common.headers import is_credential
from app.common.sanitizer import MASK
from app.db.tables.api_key import ApiKeyRow
from app.domain.sample import Sample, SampleKey
from app.protocols.endpoints import ENDPOINTS
from app.repositories.api_keys import ApiKeyRepository
from app.rules import recalled
from app.rules.members import Members
from app.rules.recalled import Recorded
from app.services.request_logs import RequestLogs

_MEDIA_NOTE: Final = " bytes]"
"""How `sanitizer.redact` ends what it puts in the place of media."""


class LoggedSample(msgspec.Struct, frozen=True):
    """What the log knows of a request."""

    sample: Sample
    revision: int
    """Of the configuration that served it."""
    missing: list[str]
    """Paths, in the words of rules, of what it does not know; in the sample they are masked or absent."""


async def sample_of(session: AsyncSession, request_id: str) -> LoggedSample:
    """The stored payload where it is whole, else the facts of the row.

    Tags and metadata are what the API key has now.

    :raises ResourceNotFound:
    """
    log, payload = await RequestLogs(session).one(request_id)
    facts = recalled.read(log.facts, endpoint_of(log.path))
    missing: list[str] = []
    body = None if payload is None else _whole_body(payload, missing)
    if body is None:
        body = _outline(facts, log.requested_model, log.is_stream, missing)
    if payload is None:
        headers: dict[str, str | tuple[str, ...]] = dict(facts.headers)
        missing += [path for path in facts.cut if path.partition(".")[0] == "headers"]
    else:
        headers = _headers(payload.request_headers, missing)
    tokens = facts.input_tokens
    if tokens is None and "body" in _roots(missing):
        tokens = log.input_tokens
        missing.append("token_usage.input_tokens")
    key = None
    if log.api_key_id is not None:
        row = await ApiKeyRepository(session).by_id(log.api_key_id)
        key = _key(log.api_key_id, log.api_key_name or "", row, missing)
    sample = Sample(
        endpoint=facts.endpoint,
        headers=headers,
        body=body,
        api_key=key,
        client_ip=log.client_ip,
        at=datetime.fromtimestamp(log.request_time / 1000, UTC),
        input_tokens=tokens,
    )
    return LoggedSample(sample, log.revision, missing)


def endpoint_of(path: str) -> str:
    """The endpoint by the path of a log row."""
    endpoint = ENDPOINTS.get(path)
    return path.removeprefix("/v1/") if endpoint is None else endpoint.name


def _whole_body(payload: Any, missing: list[str]) -> dict[str, Any] | None:
    if payload.request_truncated:
        return None
    try:
        body: dict[str, Any] = msgspec.json.decode(payload.request_body, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None
    if payload.is_redacted:
        missing += _masked("body", body)
    return body


def _outline(facts: Recorded, model: str | None, stream: bool, missing: list[str]) -> dict[str, Any]:
    """What the facts have of the body."""
    found = Members(facts.body)
    body: dict[str, Any] = {"model": model or ""}
    for name in facts.body:
        value = found.get(name, msgspec.UNSET)
        if value is not msgspec.UNSET:
            body[name] = value
    if stream:
        body["stream"] = True
    missing += [path for path in facts.cut if path.partition(".")[0] != "headers"]
    missing += [f"body.{name}" for name in facts.outlined]
    return body


def _headers(stored: str, missing: list[str]) -> dict[str, str | tuple[str, ...]]:
    lines: dict[str, list[str]] = {}
    for name, value in msgspec.json.decode(stored, type=list[tuple[str, str]]):
        name = name.lower()
        if is_credential(name.encode()):
            continue
        try:
            value = value.encode("latin-1").decode()  # as rules read it
        except UnicodeError:
            missing.append(f"headers.{name}")
        if MASK in value:
            missing.append(f"headers.{name}")
        lines.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else tuple(values) for name, values in lines.items()}


def _masked(path: str, value: Any) -> Iterator[str]:
    """Paths of texts that were masked."""
    if isinstance(value, str):
        if MASK in value or value.endswith(_MEDIA_NOTE):
            yield path
    elif isinstance(value, dict):
        for name, below in value.items():
            yield from _masked(f"{path}.{name}", below)
    elif isinstance(value, list):
        for place, below in enumerate(value):
            yield from _masked(f"{path}[{place}]", below)


def _key(key_id: int, name: str, row: ApiKeyRow | None, missing: list[str]) -> SampleKey:
    if row is None:
        missing += ["api_key.tags", "api_key.metadata"]
        return SampleKey(id=key_id, name=name)
    return SampleKey(id=key_id, name=name, tags=tuple(row.tags), metadata=row.labels)


def _roots(paths: list[str]) -> set[str]:
    return {path.partition(".")[0].partition("[")[0] for path in paths}
