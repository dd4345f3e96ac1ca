"""The pages lead to each other, and the README's commands are those that CI runs."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)", page.read_text("utf-8"))
    local = [target for target in targets if "://" not in target]
    assert [target for target in local if not (page.parent / target).exists()] == []


def test_readme_has_the_two_commands() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    assert "\npython -m pip install uv && uv run llm-gateway serve --demo\n" in readme
    assert "\npython -m pip install uv && uv run --group dev pytest\n" in readme
    assert "grep -m 1 'uv run --group dev pytest' README.md" in (ROOT / ".ci" / "run").read_text("utf-8")
