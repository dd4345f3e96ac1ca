"""Providers: stored vendor accounts. Their credentials go in and never come out; `snapshot.py` decrypts them."""

import re
from typing import Any, ClassVar, Final

import httpx
import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from app.common.errors import Conflict, FieldError
from app.common.headers import is_credential, upstream_headers
from app.common.secrets import Keyring, hint
from app.config import PREFIX, Settings
from app.db.tables.provider import CREDENTIAL_PLACE, ProviderRow
from app.domain.admin import Actor
from app.providers.addresses import BlockedUrl, check_url
from app.repositories.providers import ProviderRepository
from app.services import revisions
from app.services.resource import ResourceService, check_version, given, name_taken, refuse
from app.services.rule_tests import RuleTests

ENV: Final = "env:"
"""A credential that begins so names an environment variable instead."""
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_NOT_FIXED: Final = frozenset({"accept-encoding", "content-type"})
_MODELS_NAMED: Final = 5


class Providers(ResourceService[ProviderRow]):
    resource: ClassVar[str] = "provider"

    def __init__(self, session: AsyncSession, actor: Actor, keyring: Keyring) -> None:
        super().__init__(session, actor)
        self._keyring = keyring
        self._providers = ProviderRepository(session)

    async def page(
        self, *, search: str | None, is_active: bool | None, sort: str, page: int, page_size: int
    ) -> tuple[list[ProviderRow], int]:
        where = self._providers.matching(search=search, is_active=is_active)
        return await self._providers.page(*where, sort=sort, page=page, page_size=page_size)

    async def get(self, provider_id: int) -> ProviderRow:
        """:raises ResourceNotFound:"""
        row = await self._providers.by_id(provider_id)
        if row is None:
            raise self._not_found()
        return row

    async def create(self, fields: msgspec.Struct) -> ProviderRow:
        """Store a provider.

        :param fields: columns of the table, with `credential` for the three about credentials.
        :raises Conflict: `name_taken`.
        :raises ValidationFailed: the base URL or the credential can't be used.
        """
        values = given(fields)
        credential = values.pop("credential", None)
        check_fields(values, credential)
        await revisions.lock(self._session)
        if await self._providers.by_name(values["name"]) is not None:
            raise name_taken()
        row = await self._providers.add(ProviderRow(**values))  # first: the ciphertext is bound to the id
        self._set_credential(row, credential)
        await self._session.flush()
        await self._record("create", row, row.name, None, self.fields(row))
        return row

    async def update(
        self, provider_id: int, fields: msgspec.Struct, if_match: str | None = None
    ) -> ProviderRow:
        """Change the fields that were sent. A new name is carried over to the tests that name the old one.

        :raises ResourceNotFound:
        :raises PreconditionFailed: it has changed since `if_match`.
        :raises Conflict: `name_taken`; or `credential_required`, since the credential of one host never goes to
            another without somebody saying so.
        :raises ValidationFailed: the base URL or the credential can't be used.
        """
        values = given(fields)
        says_credential = "credential" in values
        credential = values.pop("credential", None)
        check_fields(values, credential)
        row = await self._locked(provider_id, if_match)
        before = self.fields(row)
        if (
            values.get("name", row.name) != row.name
            and await self._providers.by_name(values["name"]) is not None
        ):
            raise name_taken()
        if not says_credential and before["credential"] and moves(row.base_url, values.get("base_url")):
            raise Conflict(
                "The new base URL has another scheme, host or port. Send the credential for it along.",
                code="credential_required",
            )
        for name, value in values.items():
            setattr(row, name, value)
        if says_credential:
            self._set_credential(row, credential)
        await self._session.flush()
        await self._record("update", row, row.name, before, self.fields(row))
        if before["name"] != row.name:
            await RuleTests.carry_over(self._session, self._actor, row.id, before["name"], row.name)
        return row

    async def delete(self, provider_id: int, if_match: str | None = None) -> None:
        """Remove a provider that no model uses.

        :raises Conflict: `provider_in_use`, naming the models.
        """
        row = await self._locked(provider_id, if_match)
        models = await self._providers.models_using(provider_id)
        if models:
            named = ", ".join(models[:_MODELS_NAMED])
            more = f" and {len(models) - _MODELS_NAMED} more" if len(models) > _MODELS_NAMED else ""
            raise Conflict(
                f"The provider has targets in these models: {named}{more}.", code="provider_in_use"
            )
        await self._providers.remove(row)
        await self._record("delete", row, row.name, self.fields(row), None)

    def fields(self, row: ProviderRow) -> dict[str, Any]:
        columns = super().fields(row)
        ciphertext, env, _ = (columns.pop(f"credential_{part}") for part in ("ciphertext", "env", "hint"))
        return {**columns, "credential": ENV + env if env else ciphertext}

    async def _locked(self, provider_id: int, if_match: str | None) -> ProviderRow:
        await revisions.lock(self._session)
        row = await self.get(provider_id)
        check_version(row, if_match)
        return row

    def _set_credential(self, row: ProviderRow, credential: str | None) -> None:
        row.credential_ciphertext = row.credential_env = row.credential_hint = None
        if credential is None:
            return
        if credential.startswith(ENV):
            row.credential_env = credential.removeprefix(ENV)
            return
        row.credential_ciphertext = self._keyring.encrypt(credential, CREDENTIAL_PLACE.format(row.id))
        row.credential_hint = hint(credential)


def check_fields(values: dict[str, Any], credential: str | None) -> None:
    """:raises ValidationFailed: the base URL, a header or the credential among these can't be used."""
    faults = _header_faults(values.get("headers", {}))
    if "base_url" in values:
        try:
            check_url(values["base_url"])
        except BlockedUrl as error:
            faults.append(FieldError("/base_url", "blocked_url", str(error)))
    if credential is not None and credential.startswith(ENV):
        variable = credential.removeprefix(ENV)
        if not _VARIABLE.fullmatch(variable):
            message = "After `env:` comes the name of an environment variable."
            faults.append(FieldError("/credential", "invalid_env", message))
        elif _is_ours(variable):
            message = "Settings of the gateway are not for upstreams to see."
            faults.append(FieldError("/credential", "env_not_allowed", message))
    refuse(faults)


def _header_faults(headers: dict[str, str]) -> list[FieldError]:
    """Fixed headers follow the rules of those passed on, and are no place for credentials: anybody may read them."""
    faults, seen = [], set()
    for name in headers:
        pointer = "/headers/" + name.replace("~", "~0").replace("/", "~1")
        pair = (name.lower().encode(), b"")
        if is_credential(pair[0]):
            faults.append(FieldError(pointer, "credential_header", "Put the credential into `credential`."))
        elif name.lower() in _NOT_FIXED or pair not in upstream_headers([pair], b""):
            faults.append(FieldError(pointer, "header_not_allowed", "This header is set by the gateway."))
        elif name.lower() in seen:
            faults.append(FieldError(pointer, "header_twice", "This header is there twice."))
        seen.add(name.lower())
    return faults


def _is_ours(variable: str) -> bool:
    """The environment variable is a setting of this program, its encryption key for example."""
    name = variable.upper()
    return name.startswith(PREFIX) or name.lower() in Settings.__struct_fields__


def moves(old: str, new: str | None) -> bool:
    """The new base URL is at another scheme, host or port, where the credential of the old one must not go."""
    return new is not None and _origin(old) != _origin(new)


def _origin(url: str) -> tuple[str, str, int | None]:
    parsed = httpx.URL(url)
    return parsed.scheme, parsed.host, parsed.port or _DEFAULT_PORTS.get(parsed.scheme)
