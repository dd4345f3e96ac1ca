"""How to read on behind a fault that nothing mends: skip to a joint, and put a hole in the place of what is broken.

`parser` next door owns the stack of the LALR parser and does what a plan says. A hole is a field without a name (in a
set, a list without a name); `check` takes it for a value it knows nothing of, so one fault brings no others.
"""

from collections.abc import Callable, Iterator, Sequence

import msgspec

from app.rules.words import HOLE, HOLE_LIST, Word

_HOLES = (HOLE, HOLE_LIST)


class Plan(msgspec.Struct, frozen=True):
    """`keep` values stay on the stack, then come the tokens of `insert`; `joint` is read after them, or left out."""

    keep: int
    insert: tuple[tuple[str, str], ...]
    leave_out: bool = False


def joint(
    words: Iterator[Word], stack: Sequence[str], fits: Callable[[int, list[str]], bool]
) -> tuple[Word, Plan]:
    """The word to read on from, among `words` from the fault on, and what to do before.

    `stack` has the terminals on the parser's stack, empty for what is read to an end; `fits(keep, terminals)` says
    whether terminals could follow the first `keep` values. `words` ends in `$END`, where there always is a plan.
    """
    brackets = stack[_inner(stack) :]
    opened = ["RSQB"] * (brackets.count("LSQB") - brackets.count("RSQB"))
    for word in words:
        kind = word.kind
        if kind in ("AND", "OR", "$END"):
            while opened and (kind == "$END" or opened[-1] == "RSQB"):
                opened.pop()
        if kind in ("LPAR", "LSQB"):
            opened.append("RPAR" if kind == "LPAR" else "RSQB")
        elif kind == "RPAR" and "RPAR" in opened:
            while opened.pop() != "RPAR":
                pass
        elif kind == "RSQB" and opened and opened[-1] == "RSQB":
            opened.pop()
        elif (not opened or kind == "RPAR") and kind in ("AND", "OR", "RPAR", "COMMA", "$END"):
            plan = _plan(kind, stack, fits)
            if plan is not None:
                return word, plan
    raise AssertionError("the end of a text is a joint")


def _inner(stack: Sequence[str]) -> int:
    """Index behind the innermost open parenthesis."""
    return max((index + 1 for index, kind in enumerate(stack) if kind == "LPAR"), default=0)


def _plan(kind: str, stack: Sequence[str], fits: Callable[[int, list[str]], bool]) -> Plan | None:
    """Give up as little as lets the terminal follow; of the open parentheses one at a `)`, any at the end."""
    given_up = 0
    for keep in range(len(stack), -1, -1):
        if keep < len(stack) and stack[keep] == "LPAR":
            given_up += 1
            if kind in ("AND", "OR", "COMMA") or (kind == "RPAR" and given_up > 1):
                return None
        for hole in _HOLES:
            if not fits(keep, [hole[0]]):
                continue
            if kind == "RPAR" and given_up:
                return Plan(keep, (hole,), leave_out=True)
            closers = (("RPAR", ")"),) * (stack[:keep].count("LPAR") if kind == "$END" else 0)
            if fits(keep, [hole[0], *(name for name, _ in closers), kind]):
                return Plan(keep, (hole, *closers))
    return None
