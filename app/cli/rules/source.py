"""Where a command takes a rule's text from."""

import sys
from pathlib import Path


def read_rule(text: str | None, file: Path | None) -> str:
    """The rule from the argument, the file, or standard input, without a line end after it.

    :raises OSError: the file can't be read.
    """
    if file is not None:
        text = file.read_text("utf-8")
    elif text is None:
        text = sys.stdin.read()
    return text.rstrip("\n")
