"""The tree drawn in the docstring of `app.common.errors` is the tree of its classes."""

from collections.abc import Iterator

import msgspec

from app.common import errors


class Node(msgspec.Struct, frozen=True):
    """One line of the drawing, or one class. `status` and `code` are empty where the drawing leaves them out."""

    name: str
    parent: str | None
    status: str
    code: str


def drawn() -> Iterator[Node]:
    lines = (errors.__doc__ or "").splitlines()
    first = next(
        number for number, line in enumerate(lines) if line.split()[:2] == ["GatewayError", "status"]
    )
    header = lines[first]
    status, code, when = header.index("status"), header.index("code"), header.index("when")
    yield Node("GatewayError", None, "", "")
    path = ["GatewayError"]
    for line in lines[first + 1 :]:
        if not line.strip():
            return
        name = line[:status].lstrip(" │├└─").rstrip()
        depth = (line.index(name) - header.index("GatewayError")) // 4
        path[depth:] = [name]
        yield Node(name, path[depth - 1], line[status:code].strip(), line[code:when].strip())


def classes(base: type[errors.GatewayError] = errors.GatewayError) -> Iterator[type[errors.GatewayError]]:
    yield base
    for child in base.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from classes(child)


def test_the_drawing_names_each_class_under_its_parent() -> None:
    real = {cls.__name__: cls.__bases__[0].__name__ for cls in classes() if cls is not errors.GatewayError}
    assert {node.name: node.parent for node in drawn() if node.parent} == real


def test_statuses_and_codes_are_those_of_the_classes() -> None:
    real = {cls.__name__: cls for cls in classes()}
    for node in drawn():
        cls = real[node.name]
        assert node.status in ("", str(cls.status)), node.name
        assert node.code in ("", "(says which)", cls.code), node.name


def test_no_code_stands_for_two_statuses() -> None:
    statuses: dict[str, int] = {}
    for cls in classes():
        assert statuses.setdefault(cls.code, cls.status) == cls.status, cls.__name__
