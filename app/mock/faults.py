"""What goes wrong, by the name of the model: `mock-429` and any other status, slow, cut, hanging, malformed."""

import re

import msgspec


class Fault(msgspec.Struct, frozen=True):
    """One way to fail; all flags off is a good answer."""

    status: int | None = None
    """Answer with this status and an error body of the dialect."""
    slow: bool = False
    """Say nothing for a while, then answer as usual."""
    cut: bool = False
    """Break off in the middle of the answer."""
    hang: bool = False
    """Never answer; wait until the client leaves."""
    malformed: bool = False
    """Send something that is no JSON where JSON belongs."""


_NAMED = {
    "mock-slow": Fault(slow=True),
    "mock-cut": Fault(cut=True),
    "mock-hang": Fault(hang=True),
    "mock-malformed": Fault(malformed=True),
}
_STATUS = re.compile(r"mock-([45]\d\d)")

NAMES = ("mock-small", "mock-large", "mock-429", "mock-500", "mock-400", *_NAMED)
"""What the list of models shows; any other model name is answered like the first two."""


def fault_of(model: str) -> Fault:
    """The fault a model name asks for."""
    status = _STATUS.fullmatch(model)
    return Fault(status=int(status[1])) if status else _NAMED.get(model, Fault())
