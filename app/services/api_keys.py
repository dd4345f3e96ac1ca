"""API keys of our clients: made here, shown once, kept as a keyed hash."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from app.common.clock import Clock, SystemClock
from app.common.errors import FieldError
from app.common.secrets import Keyring, new_api_key
from app.db.tables.api_key import ApiKeyRow
from app.domain.admin import Actor
from app.repositories.api_keys import ApiKeyRepository
from app.repositories.models import ModelRepository
from app.services import revisions
from app.services.resource import ResourceService, check_version, given, refuse

_PREFIX_LENGTH: Final = 8


class ApiKeys(ResourceService[ApiKeyRow]):
    resource: ClassVar[str] = "api_key"

    def __init__(
        self, session: AsyncSession, actor: Actor, keyring: Keyring, clock: Clock | None = None
    ) -> None:
        super().__init__(session, actor)
        self._keyring = keyring
        self._clock = clock or SystemClock()
        self._api_keys = ApiKeyRepository(session)
        self._models = ModelRepository(session)

    async def page(
        self, *, search: str | None, is_active: bool | None, sort: str, page: int, page_size: int
    ) -> tuple[list[ApiKeyRow], int]:
        where = self._api_keys.matching(search=search, is_active=is_active)
        return await self._api_keys.page(*where, sort=sort, page=page, page_size=page_size)

    async def get(self, key_id: int) -> ApiKeyRow:
        """:raises ResourceNotFound:"""
        row = await self._api_keys.by_id(key_id)
        if row is None:
            raise self._not_found()
        return row

    async def create(self, fields: msgspec.Struct) -> tuple[ApiKeyRow, str]:
        """Make a key.

        :param fields: columns of the table, `metadata` for `labels`.
        :returns: the stored key, and its value, which is kept nowhere.
        :raises ValidationFailed: an allowed model is none.
        """
        values = _columns(fields)
        await revisions.lock(self._session)
        await self._check_models(values, known=())
        value = new_api_key()
        row = await self._api_keys.add(ApiKeyRow(**self._of_value(value), **values))
        await self._record("create", row, row.name, None, self.fields(row))
        return row, value

    async def update(self, key_id: int, fields: msgspec.Struct, if_match: str | None = None) -> ApiKeyRow:
        """Change the fields that were sent.

        :raises ResourceNotFound:
        :raises PreconditionFailed: it has changed since `if_match`.
        :raises ValidationFailed: an allowed model is none, and was not allowed before.
        """
        values = _columns(fields)
        row = await self._locked(key_id, if_match)
        await self._check_models(values, known=row.allowed_models or ())
        return await self._change("update", row, values)

    async def set_active(self, key_id: int, is_active: bool, if_match: str | None = None) -> ApiKeyRow:
        """Enable or disable a key."""
        row = await self._locked(key_id, if_match)
        return await self._change("enable" if is_active else "disable", row, {"is_active": is_active})

    async def rotate(
        self, key_id: int, overlap_seconds: int, if_match: str | None = None
    ) -> tuple[ApiKeyRow, str]:
        """Give the key a new value. The old one goes on working for a while; one older still stops at once.

        :returns: the stored key, and its new value, which is kept nowhere.
        """
        row = await self._locked(key_id, if_match)
        value = new_api_key()
        previous = {}
        if overlap_seconds > 0:
            until = datetime.fromtimestamp(self._clock.time(), UTC) + timedelta(seconds=overlap_seconds)
            previous = {"previous_hash": row.key_hash, "previous_valid_until": until}
        nothing = {"previous_hash": None, "previous_valid_until": None}
        await self._change("rotate", row, {**nothing, **previous, **self._of_value(value)})
        return row, value

    async def delete(self, key_id: int, if_match: str | None = None) -> None:
        row = await self._locked(key_id, if_match)
        await self._api_keys.remove(row)
        await self._record("delete", row, row.name, self.fields(row), None)

    @classmethod
    async def carry_over(cls, session: AsyncSession, actor: Actor, old: str, new: str) -> None:
        """Let the keys that may use the model `old` use it under its new name."""
        for row in await ApiKeyRepository(session).restricted():
            allowed = row.allowed_models or []
            if old in allowed:
                before = list(allowed)
                row.allowed_models = [new if name == old else name for name in allowed]
                await session.flush()
                await revisions.record(
                    session,
                    actor,
                    action="update",
                    resource=cls.resource,
                    resource_id=row.id,
                    resource_name=row.name,
                    before={"allowed_models": before},
                    after={"allowed_models": row.allowed_models},
                )

    def fields(self, row: ApiKeyRow) -> dict[str, Any]:
        columns = super().fields(row)
        del columns["last_used_day"]
        return columns

    async def _locked(self, key_id: int, if_match: str | None) -> ApiKeyRow:
        await revisions.lock(self._session)
        row = await self.get(key_id)
        check_version(row, if_match)
        return row

    async def _change(self, action: str, row: ApiKeyRow, values: dict[str, Any]) -> ApiKeyRow:
        before = self.fields(row)
        for name, value in values.items():
            setattr(row, name, value)
        await self._session.flush()
        await self._record(action, row, row.name, before, self.fields(row))
        return row

    def _of_value(self, value: str) -> dict[str, Any]:
        return {
            "key_hash": self._keyring.api_key_digest(value),
            "prefix": value[:_PREFIX_LENGTH],
            "last4": value[-4:],
        }

    async def _check_models(self, values: dict[str, Any], known: Collection[str]) -> None:
        """Catch typing errors: a key that allows no existing model would just not work."""
        names = values.get("allowed_models") or []
        existing = await self._models.existing([name for name in names if name not in known])
        refuse(
            [
                FieldError(f"/allowed_models/{place}", "unknown_model", "There is no such model.")
                for place, name in enumerate(names)
                if name not in existing and name not in known
            ]
        )


def _columns(fields: msgspec.Struct) -> dict[str, Any]:
    values = given(fields)
    if "metadata" in values:
        values["labels"] = values.pop("metadata")
    if values.get("expires_at") is not None:
        values["expires_at"] = values["expires_at"].astimezone(UTC)
    return values
