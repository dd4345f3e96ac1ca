"""What is worked out of the head of a request alone.

A client sends head after head over one connection, all alike but for the content-length. Our server protocol keeps the
`Head` of the last one for as long as they do, so that none of this is done again.
"""

from app.common.headers import RawHeaders
from app.providers.call import Prepared
from app.rules.recorded import Told


class Head:
    """Filled by the pipeline as far as it gets. Nothing in it depends on the configuration or on the body."""

    __slots__ = ("digest", "key", "passed", "prepared", "told", "wire", "wired", "wired_for")

    def __init__(self) -> None:
        self.key = b""
        """The API key that was presented; empty until the headers have been read and are fine."""
        self.digest = b""
        """Its keyed hash."""
        self.passed: RawHeaders = []
        """The headers an upstream may see."""
        self.told: Told | None = None
        """What the log keeps of them as facts, once it did."""
        self.wired_for: object = None
        """The target whose `wire` is kept; one that was changed is another object."""
        self.prepared: Prepared | None = None
        """What else `UpstreamRequests` sends this target."""
        self.wired: RawHeaders = []
        """Those of `passed` that this target is sent, and what it is sent besides."""
        self.wire = b""
        """The upstream request's head but for its content-length."""
