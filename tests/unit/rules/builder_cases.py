"""Rules of the corpus as the dashboard's builder gets them, for its own tests.

`python -m tests.unit.rules.builder_cases` writes them.
"""

import json
from pathlib import Path
from typing import Any, Final

import msgspec

import rules_grammar
from app.api.admin.schemas.rule_texts import RuleGroup
from app.rules.rows import builder_tree

FILE: Final = Path(__file__).parents[3] / "frontend/src/components/rules/builder/cases.json"
MOST: Final = 80


def cases() -> list[dict[str, Any]]:
    """Those with several parts, comments, line breaks or characters beyond the sixteen bits of JavaScript."""
    odd: dict[str, None] = {}
    joined: dict[str, None] = {}
    for path in sorted((Path(rules_grammar.__file__).parent / "conformance").glob("*.json")):
        for case in json.loads(path.read_text()):
            rule = case["rule"]
            if "errors" in case or len(rule) >= 400:
                continue
            if "#" in rule or "\n" in rule or any(ord(character) > 0xFFFF for character in rule):
                odd[rule] = None
            elif " and " in rule or " or " in rule:
                joined[rule] = None
    chosen = [*odd, *list(joined)[:: max(1, len(joined) // (MOST - len(odd)))]]
    return [drawn(text) for text in chosen[:MOST]]


def drawn(text: str) -> dict[str, Any]:
    """One of the cases."""
    return {"text": text, "tree": msgspec.to_builtins(RuleGroup.of(builder_tree(text)))}


def written() -> str:
    return "[\n" + ",\n".join(json.dumps(case) for case in cases()) + "\n]\n"


if __name__ == "__main__":
    FILE.write_text(written())
