"""Every setting is documented, on the page and in the code."""

import msgspec
import pytest

from app.config import Settings
from tests.architecture.settings_page import PAGE, page


def test_page_is_fresh() -> None:
    assert PAGE.read_text("utf-8") == page(), "run `just settings`"


@pytest.mark.parametrize("field", msgspec.structs.fields(Settings), ids=lambda field: field.name)
def test_setting_has_a_row_with_a_sentence(field: msgspec.structs.FieldInfo) -> None:
    row = next(line for line in page().splitlines() if line.startswith(f"| `{field.name.upper()}` |"))
    assert len(row.split("|")) == 6
    assert row.rstrip(" |").endswith(".")
