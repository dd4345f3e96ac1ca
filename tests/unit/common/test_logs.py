"""One line per event, whatever a message holds."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from app.common.logs import QUIET, configure


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def loggers() -> Iterator[None]:
    """Logging as it was."""
    names = ["", "app", *QUIET]
    before = [(logging.getLogger(name), logging.getLogger(name).level) for name in names]
    outputs = logging.getLogger().handlers[:]
    yield
    logging.getLogger().handlers[:] = outputs
    for logger, level in before:
        logger.setLevel(level)


HOSTILE = 'model="\n{"level":"error"}\x1b[2J\r\0'


def test_json_lines_hold_the_whole_event() -> None:
    stream = io.StringIO()
    configure(stream=stream)
    try:
        raise ZeroDivisionError("one")
    except ZeroDivisionError:
        logging.getLogger("app.x").exception("it said %s", HOSTILE)
    (line,) = stream.getvalue().splitlines()
    event = json.loads(line)
    assert event["level"] == "error"
    assert event["logger"] == "app.x"
    assert event["message"] == f"it said {HOSTILE}"
    assert "ZeroDivisionError: one" in event["trace"]
    assert "\x1b" not in line


def test_a_terminal_is_not_moved_by_a_message() -> None:
    stream = Terminal()
    configure(stream=stream)
    logging.getLogger("app.x").warning(HOSTILE)
    assert len(stream.getvalue().splitlines()) == 1
    assert "\x1b" not in stream.getvalue()
    assert "\\x0a" in stream.getvalue()


def test_libraries_stay_quiet_even_when_we_say_more() -> None:
    stream = io.StringIO()
    configure(debug=True, stream=stream)
    logging.getLogger("httpx").info("GET https://example/?key=s3cret")
    logging.getLogger("app.x").debug("details")
    (line,) = stream.getvalue().splitlines()
    assert json.loads(line)["message"] == "details"


def test_details_are_left_out_by_default() -> None:
    stream = io.StringIO()
    configure(stream=stream)
    logging.getLogger("app.x").debug("details")
    assert stream.getvalue() == ""
