"""What a program found, line by line against what must hold; the exit code says whether all of it does."""

import sys

KIB = 1024
MIB = 1024 * 1024


def say(text: str) -> None:
    """One line of what is going on."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


class Verdict:
    """Collects lines and prints each as it comes."""

    def __init__(self) -> None:
        self.missed: list[str] = []

    def most(self, what: str, value: float, bound: float, unit: str = "") -> None:
        """`value` must not be above `bound`."""
        self._line(what, value <= bound, f"{_text(value)} {unit}".rstrip(), f"at most {_text(bound)}")

    def least(self, what: str, value: float, bound: float, unit: str = "") -> None:
        """`value` must not be below `bound`."""
        self._line(what, value >= bound, f"{_text(value)} {unit}".rstrip(), f"at least {_text(bound)}")

    def equal(self, what: str, value: object, expected: object) -> None:
        """`value` must be `expected`."""
        self._line(what, value == expected, _text(value), f"just {_text(expected)}")

    def broken(self, why: str, log: str) -> None:
        """The run could not go on.

        :param log: the gateway's, whose end is shown.
        """
        self.missed.append("the whole run")
        say(f"MISSED  {why}\nThe gateway's log ends with:\n{log[-2000:]}")

    def end(self) -> int:
        """Print the verdict.

        :returns: the exit code: 1 where something was missed.
        """
        say(f"MISSED: {', '.join(self.missed)}" if self.missed else "All of it holds.")
        return 1 if self.missed else 0

    def _line(self, what: str, holds: bool, value: str, bound: str) -> None:
        if not holds:
            self.missed.append(what)
        say(f"{'ok    ' if holds else 'MISSED'}  {what:<58} {value:>16}   {bound}")


def _text(value: object) -> str:
    if isinstance(value, float):
        digits = 3 if abs(value) < 1 else 2
        return f"{value:,.{digits}f}".rstrip("0").rstrip(".")
    return f"{value:,}" if isinstance(value, int) else str(value)
