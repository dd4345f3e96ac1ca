"""The language as data for editors (`rules_grammar/editor/`) and the reference tables of the manual (`docs/rules.md`).

`just editor` writes both; `tests/unit/rules/test_editor.py` checks that they are fresh and work.
"""

import re
from pathlib import Path
from typing import Any, Final

import msgspec

from app.rules.fields import LOGS, RULES, Vocabulary
from app.rules.offers import HEADERS, signature
from app.rules.parser import terminals
from app.rules.report import in_words
from app.rules.tokens import CLASSES
from rules_grammar import FIELDS, LOG_FIELDS, OPERATORS, VERSION, FieldRow

_ROOT: Final = Path(__file__).resolve().parents[2]
EDITOR: Final = _ROOT / "rules_grammar" / "editor"
MANUAL: Final = _ROOT / "docs" / "rules.md"


def files() -> dict[str, bytes]:
    """The derived files by name."""
    return {"tokens.json": _json(_tokens()), "vocabulary.json": _json(_vocabulary())}


def _json(value: Any) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"


def _tokens() -> dict[str, Any]:
    """Terminals in the order in which an editor has to try them at each place."""
    return {
        "version": VERSION,
        "terminals": [
            {"name": terminal.name, "pattern": _portable(terminal.pattern), "class": CLASSES[terminal.name]}
            for terminal in terminals()
        ],
        "function": "A NAME before LPAR has the class `function`.",
        "error": "A character that begins no token has the class `error`, after a quote all to the end of the line.",
    }


def _portable(pattern: str) -> str:
    """Control characters as escapes: `new RegExp` takes either, readers don't."""
    return re.sub(r"[\x00-\x1f]", lambda char: f"\\x{ord(char[0]):02x}", pattern)


def _vocabulary() -> dict[str, Any]:
    return {
        "version": VERSION,
        "rules": _speaks_of(RULES, FIELDS["fields"]),
        "logs": _speaks_of(LOGS, LOG_FIELDS["fields"]),
        "operators": [
            {"name": row["name"], "spellings": row["spellings"], "left": row["left"], "doc": row["doc"]}
            for row in OPERATORS["operators"]
        ],
        "constants": ["true", "false", "null"],
        "habits": OPERATORS["habits"],
        "headers": HEADERS,
    }


def _speaks_of(vocabulary: Vocabulary, rows: list[FieldRow]) -> dict[str, Any]:
    return {
        "fields": [
            {
                "name": row["name"],
                "type": row["type"],
                "optional": row["optional"],
                "values": row.get("values", []),
                "doc": row["doc"],
            }
            for row in rows
        ],
        "functions": [
            {"name": row["name"], "signature": signature(row), "doc": row["doc"]}
            for row in OPERATORS["functions"]
            if row["name"] in vocabulary.functions
        ],
        "quantifiers": [
            {"name": row["name"], "signature": signature(row), "doc": row["doc"]}
            for row in OPERATORS["quantifiers"]
            if row["name"] in vocabulary.quantifiers
        ],
    }


def tables() -> dict[str, str]:
    """The reference tables of the manual by the name of their region."""
    own = [row for row in FIELDS["fields"] if not row["name"].startswith("body.")]
    body = [row for row in FIELDS["fields"] if row["name"].startswith("body.")]
    return {
        "fields": _fields(own),
        "body-fields": _fields(body, everywhere=False),
        "log-fields": _fields(LOG_FIELDS["fields"]),
        "operators": _table(
            ("operator", "meaning"),
            [(" ".join(map(_code, row["spellings"])), row["doc"]) for row in OPERATORS["operators"]],
        ),
        "quantifiers": _table(
            ("over a list", "gives", "meaning"),
            [
                (_code(f"{row['name']}({', '.join(row['params'])})"), in_words(row["result"]), row["doc"])
                for row in OPERATORS["quantifiers"]
            ],
        ),
        "functions": _table(
            ("function", "gives", "meaning"),
            [
                (
                    _code(f"{row['name']}({', '.join(param['name'] for param in row['params'])})"),
                    in_words(row["result"]),
                    row["doc"],
                )
                for row in OPERATORS["functions"]
            ],
        ),
        "habits": _table(
            ("elsewhere", "here"),
            [(_code(foreign), _code(ours)) for foreign, ours in sorted(OPERATORS["habits"].items())],
        ),
    }


def _fields(rows: list[FieldRow], *, everywhere: bool = True) -> str:
    """Groups that hold nothing but their fields are left out."""
    shown = [
        (
            _code(row["name"].replace("*", "NAME")),
            in_words(row["type"]) + (", may be missing" if row["optional"] else ""),
            *(() if everywhere else (", ".join(row["kinds"]),)),
            row["doc"] + _known(row),
        )
        for row in rows
        if row["type"] != "map" or row["name"].startswith("body.")
    ]
    heads = ("field", "type", "meaning") if everywhere else ("field", "type", "in", "meaning")
    return _table(heads, shown)


def _known(row: FieldRow) -> str:
    values = row.get("values")
    return f" {', '.join(map(_code, values))}." if values else ""


def _code(text: str) -> str:
    return "`" + text.replace("|", "\\|") + "`"


def _table(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [heads, ("---",) * len(heads), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def filled(page: str) -> str:
    """A page with its marked regions (`<!-- table: NAME -->` to `<!-- end -->`) written anew."""
    made = tables()
    return _REGION.sub(lambda region: f"{region[1]}\n\n{made[region[2]]}\n\n<!-- end -->", page)


_REGION: Final = re.compile(r"(<!-- table: ([a-z-]+) -->)\n.*?<!-- end -->", re.DOTALL)


def write() -> None:
    """Bring the derived files up to date."""
    EDITOR.mkdir(exist_ok=True)
    for name, content in files().items():
        (EDITOR / name).write_bytes(content)
    MANUAL.write_text(filled(MANUAL.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    write()
