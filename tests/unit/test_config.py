"""Settings: precedence, spelling, what is refused and how."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.config import Settings, SettingsError, async_url, load, read_env_file, unknown_names

SECRET = "s3cret-" * 5


def test_defaults() -> None:
    assert load({}, None) == Settings()


def test_environment_beats_file_beats_default(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text("PORT=1\nHOST=10.0.0.1\n")
    settings = load({"PORT": "2"}, env_file)
    assert (settings.port, settings.host, settings.retry_max_attempts) == (2, "10.0.0.1", 3)


def test_prefixed_name_beats_plain_name(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text("LLM_GATEWAY_PORT=1\n")
    assert load({"LLM_GATEWAY_PORT": "2", "PORT": "3"}, env_file).port == 2
    assert load({"PORT": "3"}, env_file).port == 3


def test_empty_is_not_set(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text("PORT=1\n")
    assert load({"PORT": "", "LLM_GATEWAY_PORT": " ", "ADMIN_TOKEN": ""}, env_file).port == 1


def test_missing_file_is_no_fault(tmp_path: Path) -> None:
    assert load({}, tmp_path / "none").port == 8000


@pytest.mark.parametrize(
    ("text", "value"),
    [("true", True), ("ON", True), ("Yes", True), ("1", True), ("off", False), ("0", False)],
)
def test_booleans(text: str, value: bool) -> None:
    assert load({"DEBUG": text}, None).debug is value


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("PORT", "70000", "PORT: Expected `int` <= 65535"),
        ("PORT", "eighty", "PORT: Expected `int`"),
        ("CONNECT_TIMEOUT", "0", "CONNECT_TIMEOUT: Expected `float` > 0"),
        ("DEBUG", "maybe", "DEBUG: Expected `bool`"),
        ("LOG_PAYLOADS", "sometimes", "LOG_PAYLOADS: expected one of full, redacted, off"),
        ("DATABASE_URL", "mysql://root@x/y", "DATABASE_URL: expected sqlite"),
        ("DATABASE_TYPE", "postgresql", "DATABASE_TYPE and DATABASE_URL"),
        ("ADMIN_TOKEN", "short", "ADMIN_TOKEN: expected at least 32 characters"),
        ("ENCRYPTION_KEY", "short", "ENCRYPTION_KEY: expected at least 32 characters"),
        ("TRUSTED_PROXIES", "10.0.0.0/8,nearby", "TRUSTED_PROXIES: expected CIDR blocks"),
    ],
)
def test_refuses_and_names_the_setting(name: str, value: str, expected: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load({name: value}, None)
    assert str(caught.value).startswith(expected)


@given(
    st.sampled_from([field.name.upper() for field in msgspec.structs.fields(Settings)]),
    st.text("xyz:/", min_size=9),
)
def test_errors_never_hold_the_value(name: str, value: str) -> None:
    try:
        shown = repr(load({name: value}, None))
    except SettingsError as error:
        shown = str(error)
    assert value.strip() not in shown


def test_secrets_are_not_in_the_repr() -> None:
    assert SECRET not in repr(load({"ADMIN_TOKEN": SECRET, "ENCRYPTION_KEY": SECRET}, None))


@pytest.mark.parametrize(
    ("given_url", "url"),
    [
        ("sqlite:///x.db", "sqlite+aiosqlite:///x.db"),
        ("postgres://u:p@h/n", "postgresql+asyncpg://u:p@h/n"),
        ("postgresql://u:p@h/n", "postgresql+asyncpg://u:p@h/n"),
        ("postgresql+asyncpg://u:p@h/n", "postgresql+asyncpg://u:p@h/n"),
        ("oracle://h", "oracle://h"),
    ],
)
def test_database_urls_get_their_driver(given_url: str, url: str) -> None:
    assert async_url(given_url) == url


def test_database_type_may_agree() -> None:
    assert load({"DATABASE_TYPE": "SQLite"}, None).is_sqlite


def test_unknown_names_with_their_neighbours() -> None:
    environ = {"LLM_GATEWAY_PROT": "1", "LLM_GATEWAY_PORT": "1", "LLM_GATEWAY_QQQQQ": "", "PROT": "1"}
    assert list(unknown_names(environ, None)) == [
        ("LLM_GATEWAY_PROT", "LLM_GATEWAY_PORT"),
        ("LLM_GATEWAY_QQQQQ", None),
    ]


def test_env_file_syntax(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text("# comment\n\nexport A=1\nB = two words # comment\nC='a # b'\nD=\"q\"\nE=x#y\nF=\n")
    assert read_env_file(env_file) == {
        "A": "1",
        "B": "two words",
        "C": "a # b",
        "D": "q",
        "E": "x#y",
        "F": "",
    }


def test_env_file_faults_name_the_line(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text("A=1\nnonsense\n")
    with pytest.raises(SettingsError, match="line 2: expected NAME=value"):
        read_env_file(env_file)
