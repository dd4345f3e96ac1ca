"""msgspec's and Litestar's complaints as JSON pointers, codes and sentences that repeat nothing that was sent."""

from typing import Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta

from app.api.faults import from_arguments, from_msgspec
from app.common.errors import FieldError, InvalidJson, ResourceNotFound, ValidationFailed


class Bearer(msgspec.Struct, tag="bearer", forbid_unknown_fields=True):
    token: str


class Basic(msgspec.Struct, tag="basic"):
    user: str


class Thing(msgspec.Struct, forbid_unknown_fields=True):
    weight: Annotated[int, Meta(ge=1)] = 1
    name: Annotated[str, Meta(max_length=5, pattern="^[a-z]*$")] = ""
    kind: Literal["cat", "dog"] = "cat"
    auth: Bearer | Basic | None = None
    tags: list[str] = []
    things: dict[str, list[int]] = {}
    odd: str = msgspec.field(default="", name="a/b~c")


def fault(body: str) -> FieldError:
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.json.decode(body, type=Thing)
    failed = from_msgspec(caught.value, Thing)
    (error,) = failed.errors
    assert failed.status == 422
    assert error.message in failed.message
    return error


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ("[]", "", "wrong_type"),
        ('{"weight": "5"}', "/weight", "wrong_type"),
        ('{"weight": 1.5}', "/weight", "wrong_type"),
        ('{"weight": 0}', "/weight", "out_of_range"),
        ('{"name": "abcdef"}', "/name", "out_of_range"),
        ('{"name": "A"}', "/name", "out_of_range"),
        ('{"kind": "cow"}', "/kind", "invalid_value"),
        ('{"auth": {"type": "digest"}}', "/auth/type", "invalid_value"),
        ('{"auth": {}}', "/auth/type", "missing_field"),
        ('{"auth": {"type": "bearer"}}', "/auth/token", "missing_field"),
        ('{"auth": {"type": "bearer", "token": "t", "x": 1}}', "/auth/x", "unknown_field"),
        ('{"tags": ["a", 1]}', "/tags/1", "wrong_type"),
        ('{"things": {"a/b": [1, "x"]}}', "/things", "wrong_type"),
        ('{"a/b~c": 1}', "/a~1b~0c", "wrong_type"),
        ('{"wieght": 1}', "/wieght", "unknown_field"),
    ],
)
def test_each_fault_has_a_pointer_and_a_code(body: str, pointer: str, code: str) -> None:
    found = fault(body)
    assert (found.pointer, found.code) == (pointer, code)


def test_a_near_field_name_is_suggested() -> None:
    assert fault('{"wieght": 1}').suggestion == "weight"
    assert fault('{"zzz": 1}').suggestion is None


@pytest.mark.parametrize(
    "body",
    [
        '{"kind": "s3cret"}',
        '{"auth": {"type": "s3cret"}}',
        '{"name": "s3cret-long"}',
        '{"kind": "s3cret - at `$.x`"}',
        '{"kind": "it\'s s3cret\\n"}',
    ],
)
def test_no_message_repeats_a_value(body: str) -> None:
    assert "s3cret" not in str(msgspec.to_builtins(fault(body)))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_any_json_gives_a_fault_or_a_thing(value: Any) -> None:
    try:
        msgspec.json.decode(msgspec.json.encode(value), type=Thing)
    except msgspec.ValidationError as error:
        (found,) = from_msgspec(error, Thing).errors
        assert found.pointer == "" or found.pointer.startswith("/")
        assert found.message.endswith(".")


def test_query_parameters_have_pointers_too() -> None:
    failed = from_arguments(
        [{"key": "page_size", "source": "query", "message": "Expected `int` <= 200 - at `$.page_size`"}]
    )
    assert isinstance(failed, ValidationFailed)
    assert failed.errors == (FieldError("/page_size", "out_of_range", "Expected `int` <= 200."),)


def test_a_path_that_fits_nothing_is_a_resource_that_does_not_exist() -> None:
    assert isinstance(from_arguments([{"key": "id", "source": "path", "message": "x"}]), ResourceNotFound)


def test_a_missing_body_is_no_json() -> None:
    assert isinstance(
        from_arguments([{"key": "data", "message": "Expected `Thing`, got `...`"}]), InvalidJson
    )
