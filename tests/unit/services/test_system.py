"""Where a setting comes from, and that secrets stay out of sight."""

from pathlib import Path

import pytest

from app.config import Settings, load
from app.services.system import Setting, SettingSource, effective


def named(settings: list[Setting], name: str) -> Setting:
    return next(setting for setting in settings if setting.name == name)


@pytest.fixture
def env_file(tmp_path: Path) -> Path:
    file = tmp_path / ".env"
    file.write_text("HOST=0.0.0.0\nPORT=9001\nAPP_NAME=\n")
    return file


def test_each_setting_says_where_it_was_given(env_file: Path) -> None:
    environ = {"LLM_GATEWAY_PORT": "9002", "DRAIN_SECONDS": "5"}
    found = effective(load(environ, env_file), environ, env_file)
    sources = {setting.name: setting.source for setting in found}
    assert sources["PORT"] == sources["DRAIN_SECONDS"] == SettingSource.ENVIRONMENT
    assert sources["HOST"] == SettingSource.ENV_FILE
    assert sources["APP_NAME"] == sources["DEBUG"] == SettingSource.DEFAULT
    assert named(found, "PORT").value == "9002"


def test_what_comes_from_nowhere_was_an_argument(tmp_path: Path) -> None:
    found = effective(Settings(port=1), {}, tmp_path / "none")
    assert named(found, "PORT").source == SettingSource.ARGUMENT


def test_secrets_have_no_value(tmp_path: Path) -> None:
    settings = Settings(
        database_url="postgresql+asyncpg://user:s3cret@host/name",
        encryption_key="s3cret" * 8,
        admin_token="s3cret" * 8,
    )
    found = effective(settings, {}, tmp_path / "none")
    assert "s3cret" not in str(found)
    assert named(found, "DATABASE_URL").value == "postgresql+asyncpg://user:***@host/name"
    assert named(found, "ADMIN_TOKEN").is_set
    assert not named(effective(Settings(), {}, tmp_path / "none"), "ADMIN_TOKEN").is_set
