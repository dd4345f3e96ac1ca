"""Which provider a connection test is of: a stored one, or one as a form has it. `connection_test.py` runs the test."""

import os
from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from app.common.errors import Conflict, FieldError, ResourceNotFound
from app.common.secrets import DecryptionError, Keyring
from app.config import Settings
from app.db.tables.provider import ProviderRow
from app.domain.provider import Protocol
from app.protocols.endpoints import CHAT, EMBEDDINGS, MESSAGES, RESPONSES
from app.repositories.providers import ProviderRepository
from app.services.connection_test import Question
from app.services.providers import ENV, check_fields, moves
from app.services.resource import given, refuse
from app.services.snapshot_rows import credential_of, provider_of

ENDPOINTS = {endpoint.name: endpoint for endpoint in (CHAT, RESPONSES, EMBEDDINGS, MESSAGES)}
"""What can be asked for an answer; the first of a protocol is asked unless another is wanted."""
_DEFAULTS: Mapping[str, Any] = {
    "name": "",
    "headers": {},
    "connect_timeout": None,
    "first_byte_timeout": None,
    "idle_timeout": None,
    "total_timeout": None,
    "verify_tls": True,
}


class ProviderTests:
    """Prepares tests; reads the database and writes nothing."""

    def __init__(
        self,
        session: AsyncSession,
        keyring: Keyring,
        settings: Settings,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self._providers = ProviderRepository(session)
        self._keyring = keyring
        self._settings = settings
        self._environ = environ

    async def of_stored(self, provider_id: int, model: str | None, endpoint: str | None) -> Question:
        """A provider as it is stored.

        :raises ResourceNotFound:
        :raises ValidationFailed: the endpoint is of another protocol.
        """
        row = await self._stored(provider_id)
        return self._question(row, await self._model(row, model), endpoint)

    async def of_draft(self, draft: msgspec.Struct) -> Question:
        """A provider as a form has it.

        :param draft: columns of the table that were sent, with `credential` for the three about credentials; the
            `provider_id` of the stored one that the form changes, which has what was not sent; `model`, `endpoint`.
        :raises ResourceNotFound:
        :raises Conflict: `credential_required`, as when it is saved so.
        :raises ValidationFailed: a header or the credential can't be used, or the endpoint is of another protocol.
        """
        values = given(draft)
        provider_id, model, endpoint = (values.pop(name) for name in ("provider_id", "model", "endpoint"))
        says_credential = "credential" in values
        credential = values.pop("credential", None)
        check_fields({name: value for name, value in values.items() if name != "base_url"}, credential)
        stored = None if provider_id is None else await self._stored(provider_id)
        kept = dict(_DEFAULTS) if stored is None else {name: getattr(stored, name) for name in _DEFAULTS}
        row = ProviderRow(id=0 if stored is None else stored.id, **kept | values)
        if stored is not None and not says_credential:
            has_one = stored.credential_env is not None or stored.credential_ciphertext is not None
            if has_one and _leaves(stored.base_url, row.base_url):
                raise Conflict(
                    "The new base URL has another scheme, host or port. Send the credential for it along.",
                    code="credential_required",
                )
            row.credential_env, row.credential_ciphertext = (
                stored.credential_env,
                stored.credential_ciphertext,
            )
        if credential is not None and credential.startswith(ENV):
            row.credential_env, credential = credential.removeprefix(ENV), None
        model = model or (None if stored is None else await self._model(stored, None))
        return self._question(row, model, endpoint, credential)

    async def _stored(self, provider_id: int) -> ProviderRow:
        row = await self._providers.by_id(provider_id)
        if row is None:
            raise ResourceNotFound("There is no such provider.")
        return row

    async def _model(self, row: ProviderRow, wanted: str | None) -> str | None:
        return wanted or await self._providers.a_target_model(row.id)

    def _question(
        self, row: ProviderRow, model: str | None, name: str | None, credential: str | None = None
    ) -> Question:
        protocol = Protocol(row.protocol)
        fitting = [endpoint for endpoint in ENDPOINTS.values() if endpoint.protocol is protocol]
        endpoint = fitting[0] if name is None else ENDPOINTS[name]
        if endpoint not in fitting:
            message = "This endpoint is of another protocol than the provider."
            refuse([FieldError("/endpoint", "other_protocol", message)])
        unusable, detail = None, ""
        try:
            credential = credential or credential_of(row, self._keyring, self._environ)
        except KeyError:
            unusable, detail = "env_missing", ENV + str(row.credential_env)
        except DecryptionError:
            unusable = "credential_unreadable"
        return Question(provider_of(row, credential, self._settings), endpoint, model, unusable, detail)


def _leaves(old: str, new: str) -> bool:
    try:
        return moves(old, new)
    except ValueError:  # no URL at all: the test says so
        return True
