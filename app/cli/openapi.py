"""`llm-gateway export-openapi`."""

import importlib
import json
import sys
from pathlib import Path

from app.api.openapi import document
from app.config import Settings


def export(output: Path | None) -> int:
    """Print the document, or write it to a file."""
    if output is None:
        sys.stdout.write(rendered())
    else:
        output.write_text(rendered(), "utf-8")
    return 0


def rendered() -> str:
    """The OpenAPI document of the admin API: the same text on every machine, whatever its settings."""
    # By name: the application is above the command line in the layers.
    app = importlib.import_module("app.asgi").create_app(Settings())
    return json.dumps(document(app), indent=2, ensure_ascii=False) + "\n"
