"""Table, page and chart of a made-up run."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.bench.macro.__main__ import PAGE, renew
from tests.bench.macro.chart import WIDTH, chart
from tests.bench.macro.report import CPU_ROWS, Part, Result, between, macro_table, micro_table, summary

SVG = "{http://www.w3.org/2000/svg}"


def made_up() -> Result:
    result = Result("a machine, 2 cores", 3, requests=123_456)
    for factor in (1.0, 1.1, 0.9):
        result.add("direct", {"one_p50": 10.0 * factor, "many_rate": 90_000.0 / factor})
        for number, row in enumerate(CPU_ROWS, 1):
            result.add("nginx", {row.figure: 10.0 * number})
            result.add("pass-through", {row.figure: 50.0 * number})
            result.add("gateway", {row.figure: 100.0 * number * factor})
        result.add("gateway", {"one_p50": 300.0 * factor, "start_seconds": 0.5})
        result.add("pass-through", {"one_p50": 200.0})
    result.parts = [Part("unit", 4.0), Part("double", 8.0), Part("a lot", 400_000.0)]
    result.checks = ["all is well"]
    return result


def row(table: str, label: str) -> list[str]:
    line = next(line for line in table.splitlines() if line.startswith(f"| {label} "))
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_the_table_has_medians_and_ratios() -> None:
    table = macro_table(made_up())
    assert row(table, "CPU time of one")[2:] == [
        "direct",
        "nginx",
        "pass-through",
        "gateway",
        "gateway ÷ pass-through",
    ]
    assert row(table, "request of 2 kB")[1:] == ["µs", "–", "10", "50", "100", "**2.00** (1.80–2.20)"]
    assert row(table, "one caller, 2 kB: median")[1:] == [
        "µs",
        "10",
        "–",
        "200",
        "300",
        "**1.50** (1.35–1.65)",
    ]
    assert row(table, "start to first answer")[1:] == ["s", "–", "–", "–", "0.50", ""]
    assert row(table, "32 callers, 2 kB: requests a second")[-1] == ""
    assert len({line.count("|") for line in table.splitlines()}) == 1


def test_without_nginx() -> None:
    result = made_up()
    del result.figures["nginx"]
    assert "nginx" not in macro_table(result)
    assert "nginx" not in _texts(chart(result))
    assert row(macro_table(result), "request of 200 kB")[1:4] == ["µs", "–", "100"]


def test_several_workers_have_a_name_of_their_own() -> None:
    result = made_up()
    result.figures["gateway, 2 workers"] = result.figures.pop("gateway")
    assert row(macro_table(result), "CPU time of one")[5] == "gateway, 2 workers"
    assert row(macro_table(result), "request of 2 kB")[-1] == "**2.00** (1.80–2.20)"


def test_parts_are_compared_with_the_first() -> None:
    table = micro_table(made_up().parts)
    assert row(table, "double") == ["double", "8.00", "2.00"]
    assert row(table, "a lot") == ["a lot", "400,000", "100,000"]


def test_problems_are_told() -> None:
    result = made_up()
    assert "PROBLEM" not in summary(result)
    result.problems.append("half of it is missing")
    assert "- **PROBLEM** half of it is missing" in summary(result)
    assert "123,456 answers" in summary(result)


def test_the_page_is_renewed_between_its_marks(tmp_path: Path) -> None:
    page, picture = tmp_path / "page.md", tmp_path / "picture.svg"
    page.write_text(PAGE.read_text("utf-8"), "utf-8")
    renew(made_up(), page, picture)
    renewed = page.read_text("utf-8")
    assert macro_table(made_up()) in renewed
    assert micro_table(made_up().parts) in renewed
    assert "a machine, 2 cores" in renewed
    assert picture.read_text("utf-8") == chart(made_up())
    renew(made_up(), page, picture)
    assert page.read_text("utf-8") == renewed
    outside = re.compile(r"<!-- (\w+) -->.*?<!-- /\1 -->", re.DOTALL)
    assert outside.sub("", renewed) == outside.sub("", PAGE.read_text("utf-8"))


def test_a_page_without_marks_is_not_touched() -> None:
    with pytest.raises(ValueError, match="macro"):
        between("nothing here", "macro", "table")


def _texts(svg: str) -> list[str]:
    return [node.text or "" for node in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def test_the_chart_shows_multiples_of_the_pass_through() -> None:
    drawn = ElementTree.fromstring(chart(made_up()))
    bars = [node for node in drawn.iter(f"{SVG}rect") if node.get("height") == "15"]
    assert len(bars) == 2 * len(CPU_ROWS)
    widths = {
        kind: {node.get("width") for node in bars if node.get("class") == kind}
        for kind in ("nginx", "gateway")
    }
    assert [len(found) for found in widths.values()] == [1, 1]
    nginx, gateway = (float(found.pop() or 0) for found in widths.values())
    assert gateway / nginx == pytest.approx(2.0 / 0.2, rel=0.02)
    assert all(float(node.get("x", 0)) + float(node.get("width", 0)) < WIDTH - 100 for node in bars)
    texts = _texts(chart(made_up()))
    assert "2.00× · 100 µs" in texts
    assert "0.20× · 10 µs" in texts
    assert {row.label for row in CPU_ROWS} <= set(texts)
    assert "prefers-color-scheme: dark" in chart(made_up())
