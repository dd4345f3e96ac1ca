"""The chart of docs/performance.md: CPU time in multiples of the pass-through, as an SVG that knows dark from light."""

from collections.abc import Iterator
from html import escape
from statistics import median

from tests.bench.macro.report import CPU_ROWS, Result, Row
from tests.bench.macro.targets import BARE, NGINX

WIDTH = 700
_LEFT, _RIGHT, _TOP = 222, 118, 58
_GROUP, _BAR, _GAP = 46, 15, 4

_STYLE = """
text { font: 13px system-ui, "Segoe UI", Roboto, Helvetica, Arial, sans-serif; fill: #1f2328 }
.title { font-size: 15px; font-weight: 600 }
.quiet { fill: #59636e }
.figure { font-size: 12px; font-variant-numeric: tabular-nums }
.over { paint-order: stroke; stroke: #ffffff; stroke-width: 4px; stroke-linejoin: round }
.back { fill: #ffffff }
.grid { stroke: #d1d9e0 }
.one { stroke: #59636e; stroke-width: 1.5; stroke-dasharray: 4 3 }
.gateway { fill: #0969da }
.nginx { fill: #afb8c1 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .quiet { fill: #9198a1 }
  .back { fill: #0d1117 }
  .over { stroke: #0d1117 }
  .grid { stroke: #3d444d }
  .one { stroke: #9198a1 }
  .gateway { fill: #4493f8 }
  .nginx { fill: #656c76 }
}
"""


def chart(result: Result) -> str:
    """One group of bars for each figure of CPU time that was measured."""
    names = [name for name in (NGINX, result.gateway) if name in result.figures]
    rows = [row for row in CPU_ROWS if result.ratios(result.gateway, row.figure)]
    greatest = max([1.5, *(median(result.ratios(name, row.figure)) for row in rows for name in names)])
    scale = (WIDTH - _LEFT - _RIGHT) / greatest
    height = _TOP + _GROUP * len(rows) + 34
    size = f'width="{WIDTH}" height="{height}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" {size} role="img">',
        f"<title>{escape(_sentence(result, rows))}</title>",
        f"<style>{_STYLE}</style>",
        f'<rect class="back" width="{WIDTH}" height="{height}" rx="6"/>',
        _text(16, 26, "CPU time (pass-through = 1)", "title"),
        *_legend(names),
        *_grid(greatest, scale, height),
    ]
    lines.append(f'<path class="one" d="M{_LEFT + scale:.1f} {_TOP - 8}V{height - 26}"/>')
    for number, row in enumerate(rows):
        lines += _group(result, row, names, _TOP + _GROUP * number, scale)
    return "\n".join([*lines, "</svg>", ""])


def _sentence(result: Result, rows: list[Row]) -> str:
    told = [f"{row.label} {median(result.ratios(result.gateway, row.figure)):.2f}" for row in rows]
    return f"CPU time of the gateway in multiples of a bare pass-through: {', '.join(told)}"


def _legend(names: list[str]) -> Iterator[str]:
    at = WIDTH - 16.0
    for name in reversed([BARE, *names]):
        at -= 32 + 7.6 * len(name)
        mark = f'<rect class="{_class(name)}" x="{at:.0f}" y="15" width="12" height="12" rx="2"/>'
        yield f'<path class="one" d="M{at + 6:.0f} 13V29"/>' if name == BARE else mark
        yield _text(at + 18, 26, name, "quiet")


def _grid(greatest: float, scale: float, height: int) -> Iterator[str]:
    step = next(step for step in (0.5, 1, 2, 5, 10, 1000) if greatest / step <= 8)
    for number in range(int(greatest / step) + 1):
        x = _LEFT + number * step * scale
        yield f'<path class="grid" d="M{x:.1f} {_TOP - 8}V{height - 26}"/>'
        yield _text(x, height - 10, f"{number * step:g}×", "quiet figure", "middle")


def _group(result: Result, row: Row, names: list[str], top: float, scale: float) -> Iterator[str]:
    size = len(names) * _BAR + (len(names) - 1) * _GAP
    middle = top + (_GROUP - 12) / 2
    yield _text(_LEFT - 12, middle + 4.5, row.label, anchor="end")
    y = middle - size / 2
    for name in names:
        ratios = result.ratios(name, row.figure)
        if ratios:
            wide = median(ratios) * scale
            value = result.middle(name, row.figure) or 0.0
            yield f'<rect class="{_class(name)}" x="{_LEFT}" y="{y:.1f}" width="{wide:.1f}" height="{_BAR}" rx="2"/>'
            figure = f"{median(ratios):.2f}× · {value:,.{row.digits}f} {row.unit}"
            yield _text(_LEFT + wide + 6, y + 12, figure, "figure over")
        y += _BAR + _GAP


def _class(name: str) -> str:
    return NGINX if name == NGINX else "gateway"


def _text(x: float, y: float, text: str, kind: str = "", anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}">{escape(text)}</text>'
