"""The OpenAPI document: complete, and written so that generators need no help."""

import re
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from msgspec.inspect import DateTimeType

from app.api.openapi import _bodies, document
from app.asgi import create_app
from app.config import Settings

Json = dict[str, Any]


@pytest.fixture(scope="module")
def app() -> Any:
    return create_app(Settings(admin_token="x" * 40))


@pytest.fixture(scope="module")
def openapi(app: Any) -> Json:
    return document(app)


def operations(openapi: Json) -> Iterator[tuple[str, str, Json]]:
    for path, item in openapi["paths"].items():
        for method, operation in item.items():
            yield method, path, operation


def walk(value: Any) -> Iterator[Json]:
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from walk(inner)


def test_all_resources_are_there_and_only_the_admin_api(openapi: Json) -> None:
    assert openapi["openapi"].startswith("3.1")
    parts = {path.split("/")[3] for path in openapi["paths"]}
    resources = {"api-keys", "models", "providers", "revisions", "rules", "lists", "logs", "stats", "system"}
    assert parts == resources | {"session", "setup", "tokens"}
    assert all(path.startswith("/api/admin/") for path in openapi["paths"])


def test_operations_have_unique_camel_case_ids_and_a_summary(openapi: Json) -> None:
    ids = [operation["operationId"] for _, _, operation in operations(openapi)]
    assert len(ids) == len(set(ids))
    assert {"listProviders", "createProvider", "updateModel", "reorderTargets", "logIn", "checkRule"} <= set(
        ids
    )
    for method, path, operation in operations(openapi):
        assert re.fullmatch(r"[a-z]+([A-Z][a-z]+)*", operation["operationId"]), (method, path)
        assert " " in operation["summary"], (method, path)
        assert operation["tags"], (method, path)


def test_bodies_are_named_components(openapi: Json) -> None:
    for method, path, operation in operations(openapi):
        contents = [operation.get("requestBody", {}), *operation["responses"].values()]
        for content in contents:
            for media in content.get("content", {}).values():
                assert list(media["schema"]) == ["$ref"], (method, path)


def test_references_lead_somewhere_and_components_are_used(openapi: Json) -> None:
    names = {part["$ref"].removeprefix("#/components/schemas/") for part in walk(openapi) if "$ref" in part}
    assert names == set(openapi["components"]["schemas"])


def test_fields_and_parameters_are_described(openapi: Json) -> None:
    for name, schema in openapi["components"]["schemas"].items():
        assert schema.get("description") or "enum" in schema, name
        for field, described in schema.get("properties", {}).items():
            text = described.get("description") or next(
                (branch["description"] for branch in described.get("anyOf", ()) if "description" in branch),
                "",
            )
            assert text or "const" in described or "enum" in described, (name, field)
    for method, path, operation in operations(openapi):
        for parameter in operation.get("parameters", ()):
            assert parameter["description"], (method, path, parameter["name"])


def test_request_bodies_refuse_unknown_fields(openapi: Json) -> None:
    for method, path, operation in operations(openapi):
        for media in operation.get("requestBody", {}).get("content", {}).values():
            name = media["schema"]["$ref"].rpartition("/")[2]
            assert openapi["components"]["schemas"][name]["additionalProperties"] is False, (method, path)


def test_refusals_are_declared_with_one_body(openapi: Json) -> None:
    for method, path, operation in operations(openapi):
        refusals = {
            int(status): answer for status, answer in operation["responses"].items() if int(status) >= 400
        }
        assert {400, 401, 403, 422, 500, 503} <= set(refusals), (method, path)
        if "requestBody" in operation:
            assert {413, 415} <= set(refusals), (method, path)
        for answer in refusals.values():
            assert answer["content"] == {
                "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
            }


def test_security_is_declared_and_lifted_for_login_only(openapi: Json) -> None:
    assert openapi["security"] == [{"token": []}, {"session": []}]
    lifted = {
        (method, path) for method, path, operation in operations(openapi) if operation.get("security") == []
    }
    assert lifted == {
        ("get", "/api/admin/setup"),
        ("post", "/api/admin/setup"),
        ("post", "/api/admin/session"),
    }


def test_bounds_are_written_as_integers(openapi: Json) -> None:
    bounds = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
    for part in walk(openapi):
        if part.get("type") in ("integer", "number"):
            assert not any(isinstance(part.get(key), float) and part[key].is_integer() for key in bounds), (
                part
            )


def test_unions_of_objects_say_what_tells_them_apart(openapi: Json) -> None:
    for part in walk(openapi["components"]):
        branches = [branch for branch in part.get("anyOf", ()) if "$ref" in branch]
        assert len(branches) < 2 or "discriminator" in part, part


def test_times_have_a_zone(app: Any) -> None:
    """msgspec gives `format: date-time` only to times that must have one."""
    for info in msgspec.inspect.multi_type_info(_bodies(app)):
        for part in types_in(info, set()):
            if isinstance(part, msgspec.inspect.StructType):
                for field in part.fields:
                    naive = [
                        t for t in types_in(field.type, set()) if isinstance(t, DateTimeType) and t.tz is None
                    ]
                    assert not naive, (part.cls.__name__, field.name)


def types_in(info: Any, seen: set[int]) -> Iterator[Any]:
    if id(info) in seen:
        return
    seen.add(id(info))
    yield info
    inner = [getattr(info, name, None) for name in ("type", "item_type", "key_type", "value_type")]
    inner += [*getattr(info, "types", ()), *getattr(info, "item_types", ())]
    inner += [field.type for field in getattr(info, "fields", ())]
    for part in inner:
        if isinstance(part, msgspec.inspect.Type):
            yield from types_in(part, seen)
