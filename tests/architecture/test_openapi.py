"""The committed OpenAPI document is what the routes say."""

from pathlib import Path

from app.cli.openapi import rendered

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "openapi.json"


def test_document_is_fresh() -> None:
    assert DOCUMENT.read_text("utf-8") == rendered(), "run `just openapi`"
