"""Which addresses a gateway may listen on. Logins and sessions: `tests/integration/admin`."""

import pytest

from app.services.admin_auth import may_bind


@pytest.mark.parametrize(
    ("host", "has_administrator", "allowed"),
    [
        ("127.0.0.1", False, True),
        ("127.9.9.9", False, True),
        ("::1", False, True),
        ("[::1]", False, True),
        ("localhost", False, True),
        ("0.0.0.0", False, False),
        ("::", False, False),
        ("192.168.0.2", False, False),
        ("gateway.example", False, False),
        ("localhost.example", False, False),
        ("0.0.0.0", True, True),
        ("gateway.example", True, True),
    ],
)
def test_only_loopback_without_an_administrator(host: str, has_administrator: bool, allowed: bool) -> None:
    assert may_bind(host, has_administrator) is allowed
