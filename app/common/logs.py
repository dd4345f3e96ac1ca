"""Where log lines go and what they look like: one line per event on stderr, JSON unless a person is watching."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import TextIO

QUIET = ("alembic", "httpx", "httpcore", "hpack", "aiosqlite", "asyncio", "sqlalchemy.engine")
"""Libraries that would log every request or statement, values included."""


class JsonLines(logging.Formatter):
    """One JSON object per record; control characters in texts are escaped by the encoding."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line)


class Plain(logging.Formatter):
    """For a terminal. Control characters are escaped, so that no message can move the cursor or fake a line."""

    def format(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created).astimezone().strftime("%H:%M:%S")
        text = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in record.getMessage())
        line = f"{time} {record.levelname:<7} {text}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def configure(*, debug: bool = False, stream: TextIO | None = None) -> None:
    """Send all log records to `stream` (stderr): plain text to a terminal, JSON lines elsewhere.

    :param debug: our own modules say more; libraries stay quiet.
    """
    stream = stream or sys.stderr
    output = logging.StreamHandler(stream)
    output.setFormatter(Plain() if stream.isatty() else JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [output]
    root.setLevel(logging.INFO)
    logging.getLogger("app").setLevel(logging.DEBUG if debug else logging.INFO)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("uvicorn.error").addFilter(_is_news)


def _is_news(record: logging.LogRecord) -> bool:
    """False for uvicorn's complaint of an answer without an end: a broken stream gets none, and its record says why."""
    return not record.getMessage().startswith("ASGI callable returned without completing")
